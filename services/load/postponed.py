"""Pushes that wait while the worker is busy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from services.load.monitor import LoadMonitor
from yolk.concurrency import create_detached_task

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")

MAX_WAITING = 20_000
"""Keys that wait; of further ones nothing is postponed."""
MAX_BATCH = 256
"""Items that are pushed at once."""
PAUSE_SECONDS = 0.1
"""Time between two batches, in which everything else goes on."""
CHECK_SECONDS = 0.25
"""Time between two looks at the load."""
RETRY_SECONDS = 1.0
"""How long to wait after a batch that failed, because the database or Redis is unavailable."""
CLOSE_SECONDS = 3.0
"""Seconds to push what waits when the worker stops."""


class Postponed(Generic[Key, Item]):
    """
    A bounded collection of what is pushed when the worker is calm again, merged by key.

    Args:
        load: of the worker.
        push: pushes items, which are the current ones of their keys.
        unavailable_errors: what *push* raises when it should be tried again.
        merge: combines a waiting item and a newer one of the same key. By default the newer one
            replaces the other.
        logger: for what *push* raises.
    """

    def __init__(
        self,
        load: LoadMonitor,
        push: Callable[[Sequence[Item]], Awaitable[None]],
        unavailable_errors: tuple[type[BaseException], ...],
        logger: logging.Logger,
        merge: Callable[[Item, Item], Item] = lambda _, newer: newer,
    ) -> None:
        self._load = load
        self._push = push
        self._unavailable = unavailable_errors
        self._logger = logger
        self._merge = merge
        self._waiting: dict[Key, Item] = {}
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None

    def put(self, items: Mapping[Key, Item]) -> bool:
        """
        Postpone items, if the worker is busy or earlier ones still wait.

        Returns:
            False if the caller should push them now: the worker is calm, or too many wait.
        """
        if self._task is None and (self._is_closing or not self._load.is_busy):
            return False
        new = sum(key not in self._waiting for key in items)
        if len(self._waiting) + new > MAX_WAITING:
            return False
        for key, item in items.items():
            self._waiting[key] = self._joined(key, item)
        if self._task is None:
            self._task = create_detached_task(self._run())
        return True

    async def close(self) -> None:
        """Push what waits, and postpone nothing from now on."""
        self._is_closing = True
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
        if self._task is not None:
            self._task.cancel()

    def _joined(self, key: Key, newer: Item) -> Item:
        return self._merge(self._waiting[key], newer) if key in self._waiting else newer

    async def _run(self) -> None:
        try:
            while self._waiting:
                if self._load.is_busy and not self._is_closing:
                    await asyncio.sleep(CHECK_SECONDS)
                    continue
                batch = {key: self._waiting.pop(key) for key in [*islice(self._waiting, MAX_BATCH)]}
                await self._push_batch(batch)
        finally:
            self._task = None

    async def _push_batch(self, batch: Mapping[Key, Item]) -> None:
        try:
            await self._push([*batch.values()])
        except self._unavailable as error:
            self._logger.warning("postponed pushes wait on: %s", error)
            for key, item in batch.items():
                newer = self._waiting.get(key)
                self._waiting[key] = item if newer is None else self._merge(item, newer)
            await asyncio.sleep(RETRY_SECONDS)
        except Exception:  # the boundary of one batch
            self._logger.exception("postponed pushes failed")
        else:
            if self._waiting and not self._is_closing:
                await asyncio.sleep(PAUSE_SECONDS)
