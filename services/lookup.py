"""Group reads: what is asked for while a query is under way is read by the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from yolk.turns import let_arrive

K = TypeVar("K")
V = TypeVar("V")

BATCH = 256
"""Keys that one query takes at most."""

KEPT = 10_000
"""Rows that are remembered at most; the longest known are forgotten first."""


class Lookup(Generic[K, V]):
    """
    Finds one worker's rows by key: when thousands come back at once, many with one query.

    What `get` answers was read after it was asked for. What waits is bounded by the requests and
    the sockets that wait for it.

    Args:
        read: gives what there is of some keys.
        keep: seconds for which `recent` may give the same row again.
    """

    def __init__(
        self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], keep: float = 0
    ) -> None:
        self._read = read
        self._keep = keep
        self._kept: dict[K, tuple[float, V]] = {}
        """Key to when the row was read, and the row; in that order."""
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._running: asyncio.Task[None] | None = None

    def get(self, key: K) -> asyncio.Future[V | None]:
        """Give a future of what there is by this key; it fails with what the query raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V | None] = loop.create_future()
        self._waiting.append((key, future))
        if self._running is None:
            # In a context of its own: the caller's may hold a transaction, or a whole request.
            self._running = loop.create_task(self._run(), context=Context())
        return future

    async def recent(self, key: K) -> V | None:
        """
        Give what there was by this key a moment ago.

        That there is nothing is never remembered.

        Raises:
            Exception: what the query raises.
        """
        read, row = self._kept.get(key, (0.0, None))
        if row is not None and time.monotonic() - read < self._keep:
            return row
        return await self.get(key)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await let_arrive(self._waiting)
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: Sequence[tuple[K, asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._read(_some_sizes([key for key, _ in batch]))
        except Exception as error:  # noqa: BLE001 - the boundary of one query
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        if self._keep:
            self._remember(found)
        for key, future in batch:
            if not future.done():  # whoever waited may have gone
                future.set_result(found.get(key))

    def _remember(self, found: Mapping[K, V]) -> None:
        now, kept = time.monotonic(), self._kept
        for key, row in found.items():
            kept.pop(key, None)
            kept[key] = (now, row)
        while len(kept) > KEPT:
            del kept[next(iter(kept))]


def _some_sizes(keys: list[K]) -> list[K]:
    """
    Repeat the last key until there are 1, 2, 4, 8, ... of them.

    The database keeps a plan for each number of keys: so there are few.
    """
    size = 1 << (len(keys) - 1).bit_length()
    return keys + keys[-1:] * (size - len(keys))
