"""The connection that writes to SQLite, and the lock that all processes queue for."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import aiosqlite

from yolk.concurrency import run_to_completion

from .sqlite_checkpoints import Checkpoints

T = TypeVar("T")


class Writer:
    """
    The connection of this process that writes.

    Args:
        path: the database.
        pragmas: the pragmas of the connection, by name.
    """

    def __init__(self, path: str, pragmas: dict[str, Any]) -> None:
        self.lock = asyncio.Lock()
        """Held by the task whose transaction is open; other tasks of this process queue here."""
        self._path = path
        self._pragmas = pragmas
        self._connection: aiosqlite.Connection | None = None
        self._file = -1
        self._checkpoints = Checkpoints(
            lambda: connect(path, pragmas), lambda work: self._alone(work, begin=False)
        )

    async def open(self) -> aiosqlite.Connection:
        """Return the connection, opened on first use."""
        if self._connection is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            file = os.open(f"{self._path}-lock", flags, 0o600)
            try:
                # `Checkpoints` runs them instead.
                pragmas = {**self._pragmas, "wal_autocheckpoint": 0}
                self._connection = await connect(self._path, pragmas)
            except BaseException:
                os.close(file)
                raise
            self._file = file
        return self._connection

    async def close(self) -> None:
        """Close the connection, after the open transaction."""
        await self._checkpoints.close()
        async with self.lock:
            if self._connection is not None:
                connection, self._connection = self._connection, None
                await run_to_completion(connection.close())
                os.close(self._file)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """
        Run *work* in a transaction of its own, with one switch to the connection's thread.

        Args:
            work: a plain function, called with the connection after BEGIN. It must not commit, and
                must not use objects of the event loop.
        """
        return await self._alone(work, begin=True)

    async def run_script(self, script: str) -> None:
        """Run *script*. Each statement is a transaction of its own, unless the script has BEGIN."""
        await self._alone(lambda connection: connection.executescript(script), begin=False)

    async def _alone(self, work: Callable[[sqlite3.Connection], T], *, begin: bool) -> T:
        async with self.lock:
            connection = await self.open()

            def run_in_transaction() -> T:
                self._enter(connection._conn, begin)
                try:
                    result = work(connection._conn)
                except BaseException:
                    self._leave(connection._conn, keep=False)
                    raise
                self._leave(connection._conn, keep=True)
                return result

            # `lock` is released when the thread is done, even if this task was cancelled.
            result = await run_to_completion(in_thread(connection, run_in_transaction))
            if begin:
                self._checkpoints.note()
            return result

    async def begin(self) -> None:
        """Begin a transaction. The caller must hold `lock`."""
        connection = await self.open()
        await run_to_completion(in_thread(connection, lambda: self._enter(connection._conn, True)))

    async def end(self, *, keep: bool) -> None:
        """
        End the transaction, if there is one, and release the lock for the next process.

        Args:
            keep: whether to commit; otherwise the transaction is rolled back.
        """
        if self._connection is not None:
            connection = self._connection
            await run_to_completion(
                in_thread(connection, lambda: self._leave(connection._conn, keep))
            )
            if keep:
                self._checkpoints.note()

    def _enter(self, connection: sqlite3.Connection, begin: bool) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if begin:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except BaseException:
                fcntl.flock(self._file, fcntl.LOCK_UN)
                raise

    def _leave(self, connection: sqlite3.Connection, keep: bool) -> None:
        try:
            if keep:
                connection.commit()
        finally:
            try:
                connection.rollback()  # a transaction whose commit failed; otherwise nothing
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


async def connect(path: str, pragmas: dict[str, Any]) -> aiosqlite.Connection:
    """Return a new connection in autocommit mode, with *pragmas* set."""
    connection = aiosqlite.connect(path, isolation_level=None)
    # A start that fails half-way must end the process, even if a connection is left open.
    connection._thread.daemon = True
    try:
        # Cancelled in between, aiosqlite would lose the open connection without closing it.
        await run_to_completion(connection)
        connection.row_factory = sqlite3.Row
        for name, value in pragmas.items():
            await connection.execute_fetchall(f"PRAGMA {name}={value}")
    except BaseException:
        await run_to_completion(connection.close())
        raise
    return connection


async def in_thread(connection: aiosqlite.Connection, work: Callable[[], T]) -> T:
    """Run *work* in the connection's thread, after its earlier work."""
    return await connection._execute(work)  # type: ignore[no-untyped-call,no-any-return]
