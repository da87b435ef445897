"""Batched loading: rows that are asked for while a query runs are read by the next query."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

from yolk.concurrency.batcher import Batcher
from yolk.concurrency.linger import linger

if TYPE_CHECKING:
    import asyncio

K = TypeVar("K")
V = TypeVar("V")

MAX_BATCH = 256
"""Keys of one query."""
MAX_CACHED = 10_000
"""Rows that are cached; the oldest are dropped first."""
MAX_LINGER_TURNS = 16


class BatchedLoader(Generic[K, V]):
    """
    A batched loader (data loader) that reads rows by key, many with one query.

    What `get` returns was read after the call. What waits is bounded by the requests and sockets
    that wait for it.

    Args:
        load: returns the rows of some keys, by key. Keys without a row are left out.
        cache_seconds: for so long `get_recent` may return a row again without a query.
        unavailable_errors: what *load* raises for any key. After any other error each key is read
            alone, so that none fails because of another.
    """

    def __init__(
        self,
        load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        cache_seconds: float = 0,
        unavailable_errors: tuple[type[BaseException], ...] = (OSError,),
    ) -> None:
        self._load = load
        self._unavailable_errors = unavailable_errors
        self._cache_seconds = cache_seconds
        self._cache: dict[K, tuple[float, V]] = {}
        """Key to when the row was read, and the row; oldest first."""
        self._batcher: Batcher[K, V | None] = Batcher(
            self._load_batch,
            max_batch=MAX_BATCH,
            fill=partial(linger, quiet_turns=1, max_turns=MAX_LINGER_TURNS, max_seconds=inf),
        )

    def get(self, key: K) -> asyncio.Future[V | None]:
        """
        Read a row.

        Returns:
            a future of the row, or of None where there is none. It fails with what *load* raises.
        """
        return self._batcher.put(key)

    async def get_recent(self, key: K) -> V | None:
        """
        Return a row that was read within the last *cache_seconds*, or read it now.

        That there is no row is never cached.

        Raises:
            Exception: what *load* raises.
        """
        read_at, row = self._cache.get(key, (0.0, None))
        if row is not None and time.monotonic() - read_at < self._cache_seconds:
            return row
        return await self.get(key)

    async def _load_batch(self, keys: Sequence[K]) -> Sequence[V | BaseException | None]:
        try:
            rows = await self._load(_pad(list(keys)))
        except self._unavailable_errors as error:
            return [error] * len(keys)  # and no second query for each key
        if self._cache_seconds:
            self._remember(rows)
        return [rows.get(key) for key in keys]

    def _remember(self, rows: Mapping[K, V]) -> None:
        now, cache = time.monotonic(), self._cache
        for key, row in rows.items():
            cache.pop(key, None)
            cache[key] = (now, row)
        while len(cache) > MAX_CACHED:
            del cache[next(iter(cache))]


def _pad(keys: list[K]) -> list[K]:
    """
    Repeat the last key until there are 1, 2, 4, 8, ... of them.

    The database keeps a plan for each number of keys: so there are few.
    """
    size = 1 << (len(keys) - 1).bit_length()
    return keys + keys[-1:] * (size - len(keys))
