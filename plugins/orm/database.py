"""The database of one worker: `app.orm`."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from .errors import DatabaseConflict, DatabaseUnavailable
from .url import Dialect, Target

T = TypeVar("T")


class Database:
    """
    An open database.

    Models use it by default. Its methods are for SQL of your own and for transactions; its
    attributes distinguish an unavailable database from a rejected row.
    """

    unavailable_errors: tuple[type[Exception], ...] = (DatabaseUnavailable,)
    """Errors of an unavailable or overloaded database: the same call may succeed later."""

    conflict_errors: tuple[type[Exception], ...] = (DatabaseConflict,)
    """Those of `unavailable_errors` after which nothing was stored, because of a conflict."""

    refused_errors: tuple[type[Exception], ...] = (IntegrityError,)
    """Errors of a rejected row: a duplicate of a unique value, or NULL in a NOT NULL column."""

    def __init__(self, target: Target, context: TortoiseContext) -> None:
        self.dialect: Dialect = target.dialect
        """ "sqlite", "postgres" or "mysql" (MariaDB too)."""
        self._context = context

    @property
    def connection(self) -> BaseDBAsyncClient:
        """Tortoise's client, for SQL; inside a `transaction()` block, that transaction."""
        return self._context.db(self.dialect)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BaseDBAsyncClient]:
        """
        Run the block in a transaction.

        Queries of models inside the block are part of the transaction, also in tasks that are
        started there: await them before the block ends. A nested block is a savepoint. On SQLite
        all writers of the machine queue here, one at a time, without blocking the loop; readers
        do not wait.

        Raises:
            DatabaseUnavailable: the database is unavailable. When the commit raises it, the
                transaction may or may not have been committed.
        """
        async with in_transaction(self.dialect) as connection:
            yield connection

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """
        Run a function in a write transaction, with one switch to the writer's thread. SQLite only.

        Inside a `transaction()` block it is part of that transaction.

        Args:
            work: a plain function, called with the `sqlite3.Connection` (rows are `sqlite3.Row`).
                It must not commit or roll back, and must not use objects of the event loop. An
                exception rolls the transaction back.

        Raises:
            DatabaseUnavailable: as in `transaction`.
        """
        if self.dialect != "sqlite":
            raise RuntimeError("app.orm.write is for SQLite; use app.orm.transaction")
        client: Any = self.connection
        return await client.write(work)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close all connections, after the running statements."""
        await self._context.close_connections()
