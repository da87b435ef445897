"""SQLite's one place to write from, and the lock that all processes queue for."""

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
        pragmas: what to set on the connection, by name.
    """

    def __init__(self, path: str, pragmas: dict[str, Any]) -> None:
        self.lock = asyncio.Lock()
        """Held by the one task whose transaction is open; the rest of this process queues here."""
        self._path = path
        self._pragmas = pragmas
        self._connection: aiosqlite.Connection | None = None
        self._file = -1
        self._checkpoints = Checkpoints(
            lambda: connect(path, pragmas), lambda work: self._alone(work, begin=False)
        )

    async def open(self) -> aiosqlite.Connection:
        """Give the connection, opened when first used."""
        if self._connection is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            file = os.open(f"{self._path}-lock", flags, 0o600)
            try:
                # Commits leave the checkpoints to others.
                pragmas = {**self._pragmas, "wal_autocheckpoint": 0}
                self._connection = await connect(self._path, pragmas)
            except BaseException:
                os.close(file)
                raise
            self._file = file
        return self._connection

    async def close(self) -> None:
        """Close the connection, after the transaction that is open."""
        await self._checkpoints.close()
        async with self.lock:
            if self._connection is not None:
                connection, self._connection = self._connection, None
                await run_to_completion(connection.close())
                os.close(self._file)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """
        Do *work* in a transaction of its own, in one hop to the connection's thread and back.

        Args:
            work: gets the connection, with a transaction begun; a plain function, which must
                neither commit nor touch anything that belongs to the loop's thread.
        """
        return await self._alone(work, begin=True)

    async def run_script(self, script: str) -> None:
        """Run *script*, whose statements are transactions of their own unless it says BEGIN."""
        await self._alone(lambda connection: connection.executescript(script), begin=False)

    async def _alone(self, work: Callable[[sqlite3.Connection], T], *, begin: bool) -> T:
        async with self.lock:
            connection = await self.open()

            def hop() -> T:
                self._enter(connection._conn, begin)
                try:
                    result = work(connection._conn)
                except BaseException:
                    self._leave(connection._conn, keep=False)
                    raise
                self._leave(connection._conn, keep=True)
                return result

            # The next one's turn comes when the thread is done, whatever became of this task.
            result = await run_to_completion(in_thread(connection, hop))
            if begin:
                self._checkpoints.note()
            return result

    async def begin(self) -> None:
        """Begin a transaction. The caller holds `lock`."""
        connection = await self.open()
        await run_to_completion(in_thread(connection, lambda: self._enter(connection._conn, True)))

    async def end(self, *, keep: bool) -> None:
        """
        End the transaction, if there is one, and let the next process write.

        Args:
            keep: true commits, false rolls back.
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
                connection.rollback()  # what is left when the commit fails; else nothing
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


async def connect(path: str, pragmas: dict[str, Any]) -> aiosqlite.Connection:
    """Open a connection in autocommit mode, with *pragmas* set."""
    connection = aiosqlite.connect(path, isolation_level=None)
    # A start that breaks off half-way must end the process, whoever forgets to close what.
    connection._thread.daemon = True
    await connection
    try:
        connection.row_factory = sqlite3.Row
        for name, value in pragmas.items():
            await connection.execute_fetchall(f"PRAGMA {name}={value}")
    except BaseException:
        await run_to_completion(connection.close())
        raise
    return connection


async def in_thread(connection: aiosqlite.Connection, work: Callable[[], T]) -> T:
    """Run *work* in the connection's thread, after what was asked of it before."""
    return await connection._execute(work)  # type: ignore[no-untyped-call,no-any-return]
