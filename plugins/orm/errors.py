"""Errors of the database: unavailable, or a rejected row.

tortoise.exceptions.OperationalError
└── DatabaseUnavailable     the database is unavailable; the same call may succeed later
    └── DatabaseConflict    another transaction conflicted; nothing is stored, and a retry is safe
tortoise.exceptions.IntegrityError
                            the database is available and rejects this row
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from tortoise.exceptions import DBConnectionError, OperationalError

IsUnavailable = Callable[[BaseException], bool]

SQLITE_UNAVAILABLE = frozenset(
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
"""Primary result codes that are about the database file, not about the statement."""

_DEADLOCK = 1213

_UNDONE = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization failure and deadlock. Class 40 also has 40003, an unknown outcome."""

MYSQL_UNAVAILABLE = frozenset(
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
    The database is unavailable, shutting down or overloaded, or aborted the transaction.

    The outcome is unknown: a transaction whose commit raises this may have been committed.
    """


class DatabaseConflict(DatabaseUnavailable):
    """
    The database aborted a transaction because of a conflict with another one.

    Nothing of it is stored: a retry may succeed at once.
    """


@contextmanager
def translated(is_unavailable: IsUnavailable) -> Iterator[None]:
    """
    Convert errors of an unavailable database into `DatabaseUnavailable`.

    Args:
        is_unavailable: one of the functions below, for the dialect.
    """
    try:
        yield
    except DatabaseUnavailable:
        raise
    except Exception as error:
        if isinstance(error, (DBConnectionError, OSError)) or is_unavailable(original(error)):
            kind = DatabaseConflict if _is_conflict(original(error)) else DatabaseUnavailable
            raise kind(reason(error)) from error
        raise


def original(error: BaseException) -> BaseException:
    """Return the driver's error that Tortoise has wrapped, or *error* itself."""
    inner = error.args[0] if error.args else None
    return inner if isinstance(inner, BaseException) else error


def reason(error: BaseException) -> str:
    """Return the first line of an error's text, without secrets."""
    # Tortoise's own message contains all connection parameters; its cause does not.
    if isinstance(error, DBConnectionError) and error.__context__ is not None:
        error = error.__context__
    error = original(error)
    detail = error.args[1] if _is_numbered(error) else error
    text = str(detail).strip().partition("\n")[0].rstrip(".")
    return text or type(error).__name__


def is_sqlite_unavailable(error: BaseException) -> bool:
    """Return whether an error of sqlite3 means that the database is unavailable."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in SQLITE_UNAVAILABLE


def is_mysql_unavailable(error: BaseException) -> bool:
    """Return whether an error of asyncmy means that the database is unavailable."""
    from asyncmy import errors  # noqa: PLC0415 - only where MySQL is used

    if isinstance(error, errors.InterfaceError):
        return True
    return _is_numbered(error) and error.args[0] in MYSQL_UNAVAILABLE


def is_postgres_unavailable(error: BaseException) -> bool:
    """Return whether an error of asyncpg means that the database is unavailable."""
    return isinstance(error, _postgres_unavailable())


@cache
def _postgres_unavailable() -> tuple[type[Exception], ...]:
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
