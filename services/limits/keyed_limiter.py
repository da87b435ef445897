"""A limit on how many of one key do something at the same time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from yolk.concurrency import ConcurrencyLimiter


class KeyedLimiter:
    """
    A concurrency limiter for each key, such as an address: no key delays another one.

    Args:
        max_running: blocks of one key that run at the same time.
        max_waiting: callers of one key that may wait.
        full: makes the error that is raised when too many wait.
    """

    def __init__(self, max_running: int, max_waiting: int, full: Callable[[], Exception]) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._full = full
        self._limiters: dict[str, tuple[ConcurrencyLimiter, set[object]]] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a place among those of *key*, and keep it for the block."""
        if key not in self._limiters:
            made = ConcurrencyLimiter(self._max_running, self._max_waiting, full=self._full)
            self._limiters[key] = (made, set())
        limiter, users = self._limiters[key]
        me = object()
        users.add(me)
        try:
            async with limiter:
                yield
        finally:
            users.discard(me)
            if not users:
                del self._limiters[key]
