"""Group commit of cursors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from typing_extensions import override

from services.commits import GroupCommit
from services.conversation.sql.cursors import CursorStore, Move, Moved
from services.errors import Busy, NoConversation


class CursorWriter(GroupCommit[Move, Moved]):
    """
    Stores how far one worker's people are, many in one transaction.

    Moves of one member that wait together are one: the farthest.

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
        super().__init__(away, batch=batch, queue=queue, logger=logger)
        self._store = store
        self._committed = committed
        self._waiting: dict[tuple[int, str], tuple[Move, list[asyncio.Future[Moved]]]] = {}
        self._waiters = 0

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
        if moves:
            self._begin()
        return futures

    @override
    def _take(self) -> list[tuple[Move, Sequence[asyncio.Future[Moved]]]]:
        batch = [self._waiting.pop(key) for key in list(islice(self._waiting, self._batch))]
        self._waiters -= sum(len(futures) for _, futures in batch)
        return [*batch]

    @override
    async def _store_all(self, items: Sequence[Move]) -> Sequence[Moved | BaseException]:
        found = await self._store(items)
        return [NoConversation() if one is None else one for one in found]

    @override
    async def _announce(self, outcomes: Sequence[Moved | BaseException]) -> None:
        moved = [
            one
            for one in outcomes
            if isinstance(one, Moved) and (one.delivered_moved or one.read_moved)
        ]
        if moved:
            await self._committed(moved)

    @override
    def _fault(self, error: Exception) -> BaseException:
        return error
