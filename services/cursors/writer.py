"""Group commit of cursors: what moves while a commit is under way goes into the next one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context

from services.cursors.store import CursorStore, Move, Moved
from services.errors import Busy, NoConversation, Unavailable

Outcome = Moved | BaseException


class CursorWriter:
    """
    Stores how far one worker's people are, many in one transaction.

    Moves of one member that wait together are one: the farthest. Nobody learns of a move before
    its commit.

    Args:
        store: commits moves.
        away: the errors of it that say that the database is away.
        committed: told of the cursors that moved, after those who asked were answered.
        batch: how many members one transaction takes at most.
        queue: how many moves may wait; the next one is refused as `Busy`.
        logger: for faults that are nobody's own.
    """

    def __init__(
        self,
        store: CursorStore,
        away: tuple[type[BaseException], ...],
        committed: Callable[[Sequence[Moved]], Awaitable[None]],
        *,
        batch: int,
        queue: int,
        logger: logging.Logger,
    ) -> None:
        self._store = store
        self._away = away
        self._committed = committed
        self._batch = batch
        self._room = queue
        self._logger = logger
        self._waiting: dict[tuple[int, str], tuple[Move, list[asyncio.Future[Moved]]]] = {}
        self._waiters = 0
        self._running: asyncio.Task[None] | None = None

    def put(self, moves: Sequence[Move]) -> list[asyncio.Future[Moved]]:
        """
        Queue moves; all of them, or none.

        Returns:
            for each a future of what became of the member's cursors. It fails with
            `NoConversation`, where there is no such member, or with `Unavailable`.

        Raises:
            Busy: too many are waiting.
        """
        if self._waiters + len(moves) > self._room:
            raise Busy
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in moves]
        self._waiters += len(moves)
        for move, future in zip(moves, futures, strict=True):
            key = (move.user_id, move.conv)
            waiting, others = self._waiting.get(key, (move, []))
            farthest = Move(
                *key, max(move.delivered, waiting.delivered), max(move.read, waiting.read)
            )
            self._waiting[key] = (farthest, [*others, future])
        if self._running is None and moves:
            # In a context of its own: the caller's may hold a transaction, or a whole request.
            self._running = loop.create_task(self._run(), context=Context())
        return futures

    async def close(self) -> None:
        """Wait until everything that was queued is answered, and take nothing more."""
        self._room = 0
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        try:
            while self._waiting:
                some = list(self._waiting)[: self._batch]
                batch = [self._waiting.pop(key) for key in some]
                self._waiters -= sum(len(futures) for _, futures in batch)
                outcomes = await self._commit([move for move, _ in batch])
                for (_, futures), outcome in zip(batch, outcomes, strict=True):
                    _settle(futures, outcome)
                await self._announce(outcomes)
        finally:
            self._running = None

    async def _announce(self, outcomes: Sequence[Outcome]) -> None:
        moved = [
            one
            for one in outcomes
            if isinstance(one, Moved) and (one.delivered_moved or one.read_moved)
        ]
        if moved:
            try:
                await self._committed(moved)
            except Exception:
                # Committed is committed: who is not told now finds it in the list.
                self._logger.exception("telling of %d cursors failed", len(moved))

    async def _commit(self, moves: Sequence[Move]) -> Sequence[Outcome]:
        try:
            found = await self._store(moves)
        except self._away as error:
            self._logger.error("the database is away: %s", error)
            return [Unavailable() for _ in moves]
        except Exception as error:  # noqa: BLE001 - the boundary of one transaction
            if len(moves) > 1:
                return [(await self._commit([move]))[0] for move in moves]
            return [error]
        return [NoConversation() if one is None else one for one in found]


def _settle(futures: Sequence[asyncio.Future[Moved]], outcome: Outcome) -> None:
    for future in futures:
        if future.done():
            continue  # whoever waited has gone; the cursor moved all the same
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
