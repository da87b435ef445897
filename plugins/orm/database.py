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

    Models find it by themselves. What is here is for those who write many rows at once, or must
    tell a database that is away from one that refuses.
    """

    unavailable_errors: tuple[type[Exception], ...] = (DatabaseUnavailable,)
    """The database is away or overloaded: tell the client that it is temporary."""

    conflict_errors: tuple[type[Exception], ...] = (DatabaseConflict,)
    """Those among them that say that nothing was stored, because others were in the way."""

    refused_errors: tuple[type[Exception], ...] = (IntegrityError,)
    """The database refuses this row: a unique value that is there already, a NULL."""

    def __init__(self, target: Target, context: TortoiseContext) -> None:
        self.dialect: Dialect = target.dialect
        """ "sqlite", "postgres" or "mysql" (MariaDB too)."""
        self._context = context

    @property
    def connection(self) -> BaseDBAsyncClient:
        """Tortoise's client for SQL of one's own; inside `transaction()` that transaction."""
        return self._context.db(self.dialect)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BaseDBAsyncClient]:
        """
        Write several things or none.

        What models do inside the block belongs to the transaction, too, also in tasks started
        there: await them before the block ends. A block inside a block is a savepoint. On SQLite
        all writers of the machine queue here, one at a time, without blocking the loop; readers
        go on.

        Raises:
            DatabaseUnavailable: the database is away; when the commit raises it, whether the
                transaction was committed is not known.
        """
        async with in_transaction(self.dialect) as connection:
            yield connection

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """
        Run a plain function in a write transaction, in one hop to the writer's thread. SQLite only.

        Inside a `transaction()` block it is part of that one.

        Args:
            work: gets the open `sqlite3.Connection` (rows are `sqlite3.Row`); it must neither
                commit nor roll back, and not touch what belongs to the loop. What it raises rolls
                back.

        Raises:
            DatabaseUnavailable: as for `transaction`.
        """
        if self.dialect != "sqlite":
            raise RuntimeError("app.orm.write is for SQLite; use app.orm.transaction")
        client: Any = self.connection
        return await client.write(work)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close all connections, after what is under way."""
        await self._context.close_connections()
