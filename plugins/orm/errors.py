"""Telling a database that is away from one that refuses a row.

tortoise.exceptions.OperationalError
└── DatabaseUnavailable     the database is away or overloaded; the same call may succeed later
    └── DatabaseConflict    others were in the way; nothing is stored, and it can be tried again
tortoise.exceptions.IntegrityError
                            the database is there and refuses this row
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from tortoise.exceptions import DBConnectionError, OperationalError

IsAway = Callable[[BaseException], bool]

SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Primary result codes that speak of the file, not of the statement."""

_DEADLOCK = 1213

_UNDONE = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization failure and deadlock. Not all of class 40: 40003 knows no outcome."""

MYSQL_AWAY = frozenset(
    {
        1021,  # disk full
        1040,  # too many connections
        1045,  # access denied: the password was changed
        1053,  # shutting down
        1077,
        1079,
        1080,
        1114,  # table full
        1129,  # host blocked
        1158,
        1159,
        1160,
        1161,  # reading or writing packets
        1203,  # too many connections of this user
        1205,  # lock wait timeout
        _DEADLOCK,
        1290,  # read-only
        1317,  # query interrupted
        1836,  # read-only
        1927,  # connection killed
        2002,
        2003,  # cannot connect
        2006,  # gone away
        2013,  # connection lost
        2014,
        2055,
        3024,  # maximum execution time
        4031,  # disconnected for inactivity
    }
)
"""Error numbers of the server (from 1000) and of the client (from 2000)."""


class DatabaseUnavailable(OperationalError):
    """
    The database is away, shutting down, overloaded, or gave up on a conflict.

    Nothing is known about what was under way: a transaction whose commit raises this may have
    been committed.
    """


class DatabaseConflict(DatabaseUnavailable):
    """
    The database undid a transaction, so that others that waited for it could go on.

    Nothing of it is stored: who begins anew may succeed at once.
    """


@contextmanager
def translated(is_away: IsAway) -> Iterator[None]:
    """
    Turn errors that mean "away" into `DatabaseUnavailable`.

    Args:
        is_away: the dialect's own judgement, from one of the functions below.
    """
    try:
        yield
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if isinstance(error, (DBConnectionError, OSError)) or is_away(original(error)):
            kind = DatabaseConflict if _is_conflict(original(error)) else DatabaseUnavailable
            raise kind(reason(error)) from error
        raise


def original(error: BaseException) -> BaseException:
    """Give the driver's error where Tortoise wrapped it."""
    inner = error.args[0] if error.args else None
    return inner if isinstance(inner, BaseException) else error


def reason(error: BaseException) -> str:
    """Say in a few words what went wrong, without anything secret."""
    # Tortoise's own message holds all connection parameters; what it came from says it shorter.
    if isinstance(error, DBConnectionError) and error.__context__ is not None:
        error = error.__context__
    error = original(error)
    detail = error.args[1] if _is_numbered(error) else error
    text = str(detail).strip().partition("\n")[0].rstrip(".")
    return text or type(error).__name__


def sqlite_is_away(error: BaseException) -> bool:
    """Judge an error of sqlite3."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in SQLITE_AWAY


def mysql_is_away(error: BaseException) -> bool:
    """Judge an error of asyncmy."""
    from asyncmy import errors  # noqa: PLC0415 - only where MySQL is used

    if isinstance(error, errors.InterfaceError):
        return True
    return _is_numbered(error) and error.args[0] in MYSQL_AWAY


def postgres_is_away(error: BaseException) -> bool:
    """Judge an error of asyncpg."""
    return isinstance(error, _postgres_away())


@cache
def _postgres_away() -> tuple[type[Exception], ...]:
    import asyncpg  # noqa: PLC0415 - only where PostgreSQL is used

    return (
        asyncpg.InterfaceError,
        asyncpg.InsufficientResourcesError,
        asyncpg.OperatorInterventionError,
        asyncpg.PostgresConnectionError,
        asyncpg.PostgresSystemError,
        asyncpg.ReadOnlySQLTransactionError,
        asyncpg.TransactionRollbackError,
        asyncpg.InvalidAuthorizationSpecificationError,
    )


def _is_conflict(error: BaseException) -> bool:
    if _is_numbered(error):
        return bool(error.args[0] == _DEADLOCK)
    return getattr(error, "sqlstate", None) in _UNDONE


def _is_numbered(error: BaseException) -> bool:
    return len(error.args) == 2 and isinstance(error.args[0], int)
