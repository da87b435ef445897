"""
SQLite's checkpoints: what was committed moves from the log to the database beside the commits.

Left alone, the commit that fills the log's first 1000 pages does it, and everybody who waits for
that commit waits for it too. (A checkpoint that is PASSIVE waits for nobody and holds nobody up:
https://www.sqlite.org/wal.html#ckpt.)
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import aiosqlite

from yolk.concurrency import create_detached_task

PAUSE = 0.5
"""Seconds from a commit to the checkpoint, during which more are gathered."""

LARGEST_LOG = 16_384
"""
Pages of 4 KiB that the log has at most, or little more.

It begins anew when a checkpoint has caught up with it, which under load it never quite does; then
the writers wait once, for what is left. While somebody reads an old state (a backup, a shell with
a transaction open), it grows on, as it does in any SQLite: nobody waits for them.
"""

_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"

log = logging.getLogger(__name__)


class Checkpoints:
    """
    Moves what one process commits, on a connection of its own.

    Args:
        connect: opens it.
        alone: runs a plain function on the connection that writes, with no other writer on the
            machine.
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
        """Take note of a commit."""
        self._due = True
        if self._running is None and not self._closing.is_set():
            self._running = create_detached_task(self._run())

    async def close(self) -> None:
        """Stop. What is left in the log is moved when the last connection is closed."""
        self._closing.set()
        if self._running is not None:
            await self._running
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _run(self) -> None:
        try:
            while self._due and not await self._closes_within(PAUSE):
                self._due = False
                await self._checkpoint()
        except (sqlite3.Error, OSError) as error:
            # The log grows until the next attempt, which the next commit makes.
            log.warning("orm: SQLite's log cannot be moved into the database: %s", error)
        finally:
            self._running = None

    async def _checkpoint(self) -> None:
        if self._connection is None:
            self._connection = await self._connect()
        [row] = await self._connection.execute_fetchall(_PASSIVE)
        pages = row[1]
        if pages > LARGEST_LOG:
            await self._alone(_restart)

    async def _closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True


def _restart(connection: sqlite3.Connection) -> None:
    """Move what is left and begin the log anew, unless somebody reads from it at this moment."""
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience}")
