"""A queue for each key: in order within a key, at the same time across keys."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable

from yolk.concurrency.tasks import create_detached_task

Work = Callable[[], Awaitable[None]]


class KeyedSerialQueue:
    """
    A bounded queue that runs the work of one key in order, and that of several keys concurrently.

    Args:
        max_size: calls that may wait or run, over all keys.
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._size = 0
        self._waiting: dict[Hashable, deque[Work]] = {}
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    def put(self, key: Hashable, work: Work) -> asyncio.Task[None] | None:
        """
        Run *work* after everything that was put under *key* before.

        Args:
            key: of the queue, which exists while something is in it.
            work: must not raise.

        Returns:
            the task that ends when the queue of *key* is empty; None if there is no room, and
            *work* will not run.
        """
        if self._size >= self._max_size:
            return None
        self._size += 1
        self._waiting.setdefault(key, deque()).append(work)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = create_detached_task(self._run(key))
        return task

    async def close(self, timeout: float) -> None:
        """
        Wait until everything is done.

        Args:
            timeout: seconds to wait at most.
        """
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=timeout)

    async def _run(self, key: Hashable) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                try:
                    await waiting.popleft()()
                finally:
                    self._size -= 1
        finally:
            self._size -= len(waiting)
            del self._waiting[key], self._running[key]
