"""Group commit: cursors of one worker's users are stored many at a time, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from services.conversation.sql.cursors import CursorStore, Move, Moved
from services.errors import Busy, NoConversation, Unavailable
from yolk.concurrency import Batcher


def cursor_writer(
    store: CursorStore,
    unavailable_errors: tuple[type[BaseException], ...],
    announce: Callable[[Sequence[Moved]], Awaitable[None]],
    *,
    max_batch: int,
    max_waiting: int,
    logger: logging.Logger,
) -> Batcher[Move, Moved]:
    """
    Return the batcher that stores cursors. Moves of one member that wait together are merged.

    `put` and `put_all` raise `Busy` when too many moves wait. Their futures fail with
    `NoConversation` where there is no such member, or with `Unavailable`.

    Args:
        store: commits moves.
        unavailable_errors: what *store* raises when the database is unavailable.
        announce: called with the cursors that moved, after the requests were answered.
        max_batch: members of one transaction.
        max_waiting: moves that may wait.
        logger: for errors that are not a client's fault.
    """

    async def store_batch(moves: Sequence[Move]) -> Sequence[Moved | BaseException]:
        try:
            results = await store(moves)
        except unavailable_errors as error:
            logger.error("the database is unavailable: %s", error)
            return [Unavailable() for _ in moves]
        return [NoConversation() if result is None else result for result in results]

    async def announce_moved(results: Sequence[Moved]) -> None:
        moved = [result for result in results if result.delivered_moved or result.read_moved]
        if moved:
            await announce(moved)

    return Batcher(
        store_batch,
        announce_moved,
        max_batch=max_batch,
        max_waiting=max_waiting,
        full=Busy,
        key=lambda move: (move.user_id, move.conv),
        merge=_farthest,
        logger=logger,
    )


def _farthest(waiting: Move, newer: Move) -> Move:
    return newer._replace(
        delivered=max(waiting.delivered, newer.delivered), read=max(waiting.read, newer.read)
    )
