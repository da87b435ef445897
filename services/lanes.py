"""Work that has to wait: in order within a lane, bounded over all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context

Work = Callable[[], Awaitable[None]]


class Lanes:
    """
    Queues that come and go; what is slow in one holds up no other.

    Args:
        limit: how much may wait and run, over all lanes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._waiting: dict[Hashable, deque[Work]] = {}
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    def put(self, lane: Hashable, work: Work) -> asyncio.Task[None] | None:
        """
        Do *work* when all that was put into *lane* before is done.

        Args:
            lane: any name.
            work: must not raise.

        Returns:
            what ends when the lane is empty; None where there was no room, and *work* is not done.
        """
        if self._size >= self._limit:
            return None
        self._size += 1
        self._waiting.setdefault(lane, deque()).append(work)
        task = self._running.get(lane)
        if task is None:
            # In a context of its own: the caller's may hold a transaction, or a whole request.
            task = asyncio.get_running_loop().create_task(self._run(lane), context=Context())
            self._running[lane] = task
        return task

    async def close(self, timeout: float) -> None:
        """Wait until everything is done, for *timeout* seconds at most."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=timeout)

    async def _run(self, lane: Hashable) -> None:
        waiting = self._waiting[lane]
        try:
            while waiting:
                try:
                    await waiting.popleft()()
                finally:
                    self._size -= 1
        finally:
            self._size -= len(waiting)
            del self._waiting[lane], self._running[lane]
