"""SQLite: one connection for reading, one for writing, and one lock for all writers.

SQLite allows one writer at a time. By default processes poll for that lock, and a transaction that
reads before it writes fails ("database is locked"). Here every writer first queues for a lock
on a file beside the database, then begins with BEGIN IMMEDIATE. It waits in the connection's own
thread, so it blocks neither the loop nor readers, which use the other connection.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import ConnectionToken, get_connections
from tortoise.exceptions import TransactionManagementError
from typing_extensions import override

from yolk.concurrency import run_to_completion

from .errors import is_sqlite_unavailable, translated
from .sqlite_writer import Writer, connect, in_thread
from .transactions import Translated

T = TypeVar("T")
Rows = Sequence[dict[str, Any]]

# All other statements are run by the writer, including WITH, which may write.
READS = re.compile(r"\s*(SELECT|EXPLAIN|PRAGMA|VALUES)\b", re.IGNORECASE)


class SqliteTransaction(Translated, SqliteTransactionWrapper):
    """One write transaction."""

    is_unavailable = staticmethod(is_sqlite_unavailable)

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._writer: Writer = connection._writer

    @override
    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SqliteTransaction(self))

    @translate_exceptions
    async def _begin(self, _: str) -> None:
        await self._writer.begin()

    @translate_exceptions
    async def _end(self, _: str, keep: bool) -> None:
        await self._writer.end(keep=keep)

    @override
    async def begin(self) -> None:
        self._connection = await self._writer.open()
        await self._begin("BEGIN")

    @override
    async def commit(self) -> None:
        await self._finish(keep=True)

    @override
    async def rollback(self) -> None:
        await self._finish(keep=False)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run *work* in this transaction, with one switch to the connection's thread."""
        with translated(is_sqlite_unavailable):
            return await self._in_thread("", work)  # type: ignore[no-any-return]

    @translate_exceptions
    async def _in_thread(self, _: str, work: Callable[[sqlite3.Connection], Any]) -> Any:
        connection = self._connection
        return await run_to_completion(in_thread(connection, lambda: work(connection._conn)))

    async def _finish(self, *, keep: bool) -> None:
        if self._finalized:
            raise TransactionManagementError("Transaction already finalised")
        self._finalized = True
        await self._end("COMMIT" if keep else "ROLLBACK", keep)


class WriteTransaction(TransactionContext):
    """The context manager of a write transaction."""

    client: SqliteTransaction

    def __init__(self, client: SqliteTransaction) -> None:
        self.client = client
        self._token: ConnectionToken

    async def __aenter__(self) -> TransactionalDBClient:
        await self.client._writer.lock.acquire()
        try:
            with translated(is_sqlite_unavailable):
                await self.client.begin()
        except BaseException:
            # A cancelled BEGIN may have been executed.
            await self._release()
            raise
        self._token = get_connections().set(self.client.connection_name, self.client)
        return self.client

    async def _release(self) -> None:
        try:
            await self.client._writer.end(keep=False)
        finally:
            self.client._writer.lock.release()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if not self.client._finalized:
                with translated(is_sqlite_unavailable):
                    await (self.client.rollback() if kind else self.client.commit())
        finally:
            get_connections().reset(self._token)
            self.client._writer.lock.release()


class ReadConnection(ConnectionWrapper[aiosqlite.Connection]):
    """
    The connection for reading, for one statement.

    Tortoise's own does not release the connection's lock when the database cannot be opened, so
    that the next statement waits for ever.
    """

    async def __aenter__(self) -> aiosqlite.Connection:
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class LockedSqliteClient(SqliteClient):
    """
    A worker's two connections. All writes use the second.

    Args:
        file_path: the database.
        options: pragmas by name, and Tortoise's own.
    """

    def __init__(self, file_path: str, **options: Any) -> None:
        super().__init__(file_path, **options)
        self._writer = Writer(file_path, self.pragmas)

    @override
    async def create_connection(self, with_db: bool) -> None:
        if self._connection is None:
            self._connection = await connect(self.filename, self.pragmas)
            await self._post_connect()

    @override
    async def close(self) -> None:
        await self._writer.close()
        await super().close()

    @override
    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        return ReadConnection(self._lock, self)

    @override
    def _in_transaction(self) -> TransactionContext:
        return WriteTransaction(SqliteTransaction(self))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run *work* in a write transaction of its own: see `Writer.run`."""
        return await self._write("", work)  # type: ignore[no-any-return]

    @translate_exceptions
    async def _write(self, _: str, work: Callable[[sqlite3.Connection], Any]) -> Any:
        return await self._writer.run(work)

    @override
    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return await self.write(lambda connection: _insert(connection, query, values))

    @override
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await self.write(lambda connection: connection.executemany(query, values) and None)

    @override
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Rows]:
        if READS.match(query):
            return await super().execute_query(query, values)  # type: ignore[no-any-return]
        return await self.write(lambda connection: _query(connection, query, values))

    @override
    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        if READS.match(query):
            return await super().execute_query_dict(query, values)  # type: ignore[no-any-return]
        _, rows = await self.write(lambda connection: _query(connection, query, values))
        return [dict(row) for row in rows]

    @override
    @translate_exceptions
    async def execute_script(self, query: str) -> None:
        await self._writer.run_script(query)


class TranslatedSqliteClient(Translated, LockedSqliteClient):
    """The client that raises `DatabaseUnavailable`."""

    is_unavailable = staticmethod(is_sqlite_unavailable)

    @override
    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with translated(is_sqlite_unavailable):
            return await super().write(work)


client_class = TranslatedSqliteClient


def _insert(connection: sqlite3.Connection, query: str, values: list[Any]) -> int:
    return connection.execute(query, values).lastrowid or 0


def _query(
    connection: sqlite3.Connection, query: str, values: list[Any] | None
) -> tuple[int, list[Any]]:
    before = connection.total_changes
    rows = connection.execute(query.replace("\x00", "'||CHAR(0)||'"), values or []).fetchall()
    return connection.total_changes - before or len(rows), rows
