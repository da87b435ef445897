"""
SQLite's checkpoints, run in the background beside commits.

A checkpoint copies the write-ahead log into the database. By default SQLite runs it in the commit
that fills the log's first 1000 pages, which delays all that wait for that commit. A PASSIVE
checkpoint blocks no reader and no writer: https://www.sqlite.org/wal.html#ckpt.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import aiosqlite

from yolk.concurrency import create_detached_task

CHECKPOINT_SECONDS = 0.5
"""The time from a commit to the checkpoint, in seconds."""

MAX_LOG_PAGES = 16_384
"""
The size of the log, in pages of 4 KiB, from which on it is restarted.

SQLite restarts the log when a checkpoint has copied all of it, which rarely happens under load.
Beyond this size the writers wait once for the rest. While a reader uses an old snapshot (a backup,
a shell with an open transaction), the log grows further: the writers do not wait for readers.
"""

_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"

log = logging.getLogger(__name__)


class Checkpoints:
    """
    The background checkpoints of one process, on a connection of their own.

    Args:
        connect: opens the connection.
        alone: runs a plain function on the connection that writes, while no other process writes.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[aiosqlite.Connection]],
        alone: Callable[[Callable[[sqlite3.Connection], Any]], Awaitable[Any]],
    ) -> None:
        self._connect = connect
        self._alone = alone
        self._connection: aiosqlite.Connection | None = None
        self._due = False
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def note(self) -> None:
        """Schedule a checkpoint after a commit."""
        self._due = True
        if self._running is None and not self._closing.is_set():
            self._running = create_detached_task(self._run())

    async def close(self) -> None:
        """Stop. SQLite copies the rest of the log when the last connection is closed."""
        self._closing.set()
        if self._running is not None:
            await self._running
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _run(self) -> None:
        try:
            while self._due and not await self._closes_within(CHECKPOINT_SECONDS):
                self._due = False
                await self._checkpoint()
        except (sqlite3.Error, OSError) as error:
            # The log grows until the next attempt, after the next commit.
            log.warning("orm: a checkpoint of SQLite failed: %s", error)
        finally:
            self._running = None

    async def _checkpoint(self) -> None:
        if self._connection is None:
            self._connection = await self._connect()
        [row] = await self._connection.execute_fetchall(_PASSIVE)
        pages = row[1]
        if pages > MAX_LOG_PAGES:
            await self._alone(_restart)

    async def _closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True


def _restart(connection: sqlite3.Connection) -> None:
    """Copy the rest of the log and restart it, unless a reader uses it at this moment."""
    (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={timeout}")
