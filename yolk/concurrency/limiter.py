"""A limit on concurrent blocks of code, and on the callers that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from yolk.concurrency.errors import QueueFull


class ConcurrencyLimiter:
    """
    A limiter for `async with` blocks: a few run at a time, in the order of arrival.

    Args:
        max_running: blocks that run at the same time.
        max_waiting: callers that may wait for one of these to end.
        full: makes the error that is raised when too many wait.
    """

    def __init__(
        self, max_running: int, max_waiting: int, full: Callable[[], Exception] = QueueFull
    ) -> None:
        self._running = asyncio.Semaphore(max_running)
        self._room = max_running + max_waiting
        self._max_waiting = max_waiting
        self._full = full

    @property
    def fill(self) -> float:
        """How many callers wait, from 0 (none) to 1 (as many as may)."""
        waiting = max(0, self._max_waiting - self._room)
        return waiting / self._max_waiting if self._max_waiting else 0.0

    async def __aenter__(self) -> None:
        """
        Wait until the block may run.

        Raises:
            Exception: what *full* makes: too many wait.
        """
        if self._room == 0:
            raise self._full()
        self._room -= 1
        try:
            await self._running.acquire()
        except BaseException:
            self._room += 1
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.release()
        self._room += 1
