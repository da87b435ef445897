"""Group commit: items that arrive while a batch is being stored go into the next batch."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence, Sized
from typing import Generic, TypeVar

from yolk.concurrency.errors import QueueFull
from yolk.concurrency.linger import linger
from yolk.concurrency.tasks import create_detached_task

Item = TypeVar("Item")
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class _Entry(Generic[Item, Result]):
    """An item that waits, with the futures of those who put it."""

    __slots__ = ("futures", "item")

    def __init__(self, item: Item, future: asyncio.Future[Result]) -> None:
        self.item = item
        self.futures = [future]


class Batcher(Generic[Item, Result]):
    """
    A batcher that stores items many at a time, one batch after the other, in the order of `put`.

    No item is answered or announced before its batch is stored. When storing a batch raises, each
    of its items is stored alone, so that a bad item fails alone. Putting an item starts no task of
    its own, and cancelling a future does not keep its item from being stored.

    Args:
        store: stores a batch and returns the result or the error of each item in order; or raises
            and stores nothing. An error that concerns all items, such as an unavailable database,
            is best returned for each: what is raised leads to one more attempt for every item.
        announce: called with the results of a batch, without the errors, after the futures are
            set. The next batch waits for it. What it raises is logged.
        max_batch: items that a batch has at most.
        max_waiting: calls that may wait; each merged item counts.
        full: makes the error that `put` raises when too many wait, or after `close`.
        to_error: makes the error for the futures of an item that cannot be stored even alone.
        key: items of one key that wait together are merged into one. Without it, none are.
        merge: combines a waiting item and a newer one of the same key into one of this key. By
            default the newer one replaces the other.
        fill: waits until a batch has filled; gets the queue and *max_batch*.
        logger: for errors of *announce*.
    """

    def __init__(  # noqa: PLR0913 - its behaviour is composed of these
        self,
        store: Callable[[Sequence[Item]], Awaitable[Sequence[Result | BaseException]]],
        announce: Callable[[Sequence[Result]], Awaitable[None]] | None = None,
        *,
        max_batch: int,
        max_waiting: int = sys.maxsize,
        full: Callable[[], Exception] = QueueFull,
        to_error: Callable[[Exception], BaseException] = lambda error: error,
        key: Callable[[Item], Hashable] | None = None,
        merge: Callable[[Item, Item], Item] = lambda _, newer: newer,
        fill: Callable[[Sized, int], Awaitable[None]] = linger,
        logger: logging.Logger = log,
    ) -> None:
        self._store = store
        self._announce = announce
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._full = full
        self._to_error = to_error
        self._key = key
        self._merge = merge
        self._fill = fill
        self._logger = logger
        self._queue: deque[_Entry[Item, Result]] = deque()
        self._by_key: dict[Hashable, _Entry[Item, Result]] = {}
        """The entries of the queue, if they have keys."""
        self._waiting = 0
        """Futures of the entries in the queue."""
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being stored."""
        return self._task is None

    @property
    def fill(self) -> float:
        """How full the queue is, from 0 to 1."""
        return self._waiting / self._max_waiting if self._max_waiting else 1.0

    def put(self, item: Item) -> asyncio.Future[Result]:
        """
        Queue an item.

        Returns:
            a future of what *store* returns for it. Cancel it if it will not be awaited: asyncio
            logs an error that is never retrieved.

        Raises:
            Exception: what *full* makes: too many wait.
        """
        self._reserve(1)
        return self._add(item)

    def put_all(self, items: Sequence[Item]) -> list[asyncio.Future[Result]]:
        """
        Queue items: all of them or none.

        Returns:
            a future for each.

        Raises:
            Exception: what *full* makes: too many wait.
        """
        if items:
            self._reserve(len(items))
        return [self._add(item) for item in items]

    async def close(self, timeout: float | None = None) -> None:
        """
        Refuse further items, and wait until those that wait are stored and announced.

        Args:
            timeout: seconds to wait at most.
        """
        self._max_waiting = 0
        if self._task is not None:
            # Not `await`: cancelling this call must not cancel the storing.
            await asyncio.wait([self._task], timeout=timeout)

    def _reserve(self, count: int) -> None:
        if self._waiting + count > self._max_waiting:
            raise self._full()
        self._waiting += count
        if self._task is None:
            self._task = create_detached_task(self._run())

    def _add(self, item: Item) -> asyncio.Future[Result]:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._key is not None:
            key = self._key(item)
            entry = self._by_key.get(key)
            if entry is not None:
                entry.item = self._merge(entry.item, item)
                entry.futures.append(future)
                return future
            entry = self._by_key[key] = _Entry(item, future)
        else:
            entry = _Entry(item, future)
        self._queue.append(entry)
        return future

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._fill(self._queue, self._max_batch)
                batch = self._take()
                results = await self._store_or_fail([entry.item for entry in batch])
                for entry, result in zip(batch, results, strict=True):
                    _answer(entry.futures, result)
                await self._announce_stored(results)
        finally:
            self._task = None

    def _take(self) -> list[_Entry[Item, Result]]:
        size = min(len(self._queue), self._max_batch)
        batch = [self._queue.popleft() for _ in range(size)]
        self._waiting -= sum(len(entry.futures) for entry in batch)
        if self._key is not None:
            for entry in batch:
                del self._by_key[self._key(entry.item)]
        return batch

    async def _store_or_fail(self, items: Sequence[Item]) -> Sequence[Result | BaseException]:
        try:
            results = await self._store(items)
        except Exception as error:  # noqa: BLE001 - the boundary of one batch
            if len(items) > 1:
                return [(await self._store_or_fail([item]))[0] for item in items]
            return [self._to_error(error)]
        if len(results) != len(items):
            # Stored, but the results cannot be assigned: no future may wait for ever.
            fault = ValueError(f"{len(results)} results for {len(items)} items")
            return [self._to_error(fault) for _ in items]
        return results

    async def _announce_stored(self, results: Sequence[Result | BaseException]) -> None:
        stored = [result for result in results if not isinstance(result, BaseException)]
        if not stored or self._announce is None:
            return
        try:
            await self._announce(stored)
        except Exception:
            # The batch is stored: the next one must not fail with it.
            self._logger.exception("announcing what was stored failed")


def _answer(futures: Sequence[asyncio.Future[Result]], result: Result | BaseException) -> None:
    for future in futures:
        if future.done():
            continue  # its owner was cancelled; the item is stored nevertheless
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
