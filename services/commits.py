"""Group commit: what comes while a commit is under way goes into the next one."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized
from contextvars import Context
from typing import Generic, TypeVar

from services.errors import Unavailable

Item = TypeVar("Item")
Done = TypeVar("Done")


GATHERING = 0.002
"""Seconds that a commit waits at most for what the loop is just reading."""
CALM = 3
"""Rounds of the loop without anything new, after which nothing more is coming: a request takes that
many from its bytes to what it wants stored."""


class GroupCommit(ABC, Generic[Item, Done]):
    """
    Stores one worker's things of a kind, many in one transaction.

    A subclass keeps what waits in `_waiting`, and calls `_begin` when something does. Nobody learns
    of anything before its commit.

    Args:
        away: the errors that say that the database is away.
        batch: how many one transaction takes at most.
        queue: how many may wait.
        logger: for faults that are nobody's own.
    """

    _waiting: Sized

    def __init__(
        self,
        away: tuple[type[BaseException], ...],
        *,
        batch: int,
        queue: int,
        logger: logging.Logger,
    ) -> None:
        self._away = away
        self._batch = batch
        self._room = queue
        self._logger = logger
        self._running: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Wait until everything that was queued is answered, and take nothing more."""
        self._room = 0
        if self._running is not None:
            await self._running

    @abstractmethod
    def _take(self) -> list[tuple[Item, Sequence[asyncio.Future[Done]]]]:
        """Take a batch out of what waits, each with those who wait for it; empty at the end."""

    @abstractmethod
    async def _store_all(self, items: Sequence[Item]) -> Sequence[Done | BaseException]:
        """Commit a batch and say what became of each, or raise and leave nothing."""

    @abstractmethod
    async def _announce(self, outcomes: Sequence[Done | BaseException]) -> None:
        """Tell of what was committed; those who wait have their answers."""

    @abstractmethod
    def _fault(self, error: Exception) -> BaseException:
        """Say what becomes of an item that cannot be stored, not even alone."""

    def _begin(self) -> None:
        if self._running is None:
            # In a context of its own: the caller's may hold a transaction, or a whole request.
            loop = asyncio.get_running_loop()
            self._running = loop.create_task(self._run(), context=Context())

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch = self._take()
                outcomes = await self._commit([item for item, _ in batch])
                for (_, futures), outcome in zip(batch, outcomes, strict=True):
                    _settle(futures, outcome)
                try:
                    await self._announce(outcomes)
                except Exception:
                    # Committed is committed: who is not told now finds it when syncing.
                    self._logger.exception("telling of what was committed failed")
        finally:
            self._running = None

    async def _gather(self) -> None:
        """Let in who is at the door: each transaction costs more than all that is in it."""
        ends = time.perf_counter() + GATHERING
        calm = 0
        while calm < CALM and len(self._waiting) < self._batch and time.perf_counter() < ends:
            before = len(self._waiting)
            await asyncio.sleep(0)
            calm = calm + 1 if len(self._waiting) == before else 0

    async def _commit(self, items: Sequence[Item]) -> Sequence[Done | BaseException]:
        try:
            return await self._store_all(items)
        except self._away as error:
            self._logger.error("the database is away: %s", error)
            return [Unavailable() for _ in items]
        except Exception as error:  # noqa: BLE001 - the boundary of one transaction
            if len(items) > 1:
                # The database refuses one of them: each for itself, so that only that one fails.
                return [(await self._commit([item]))[0] for item in items]
            return [self._fault(error)]


def _settle(futures: Sequence[asyncio.Future[Done]], outcome: Done | BaseException) -> None:
    for future in futures:
        if future.done():
            continue  # whoever waited has gone; it is stored all the same
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
