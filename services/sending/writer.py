"""Group commit: messages that arrive while a commit is under way go into the next one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from tortoise.exceptions import IntegrityError

from services.errors import Busy, ChatError, NotStorable, Unavailable
from services.sending.batch import Batch, Changed, Draft, Outcome, Stored
from services.sending.recipients import Recipients
from services.sending.store import Store


class MessageWriter:
    """
    Stores one worker's messages, many in one transaction, in the order in which they came.

    Nobody learns of a message before its commit.

    Args:
        store: commits a batch.
        away: the errors of it that say that the database is away.
        recipients: keeps who is in groups.
        committed: told of what was committed, after each sender was answered.
        batch: how many messages one transaction takes at most.
        queue: how many may wait; the next one is refused as `Busy`.
        logger: for faults that are nobody's own.
    """

    def __init__(
        self,
        store: Store,
        away: tuple[type[BaseException], ...],
        recipients: Recipients,
        committed: Callable[[Sequence[Stored]], None],
        *,
        batch: int,
        queue: int,
        logger: logging.Logger,
    ) -> None:
        self._store = store
        self._away = away
        self._recipients = recipients
        self._committed = committed
        self._batch = batch
        self._room = queue
        self._logger = logger
        self._waiting: deque[tuple[Draft, asyncio.Future[Stored]]] = deque()
        self._running: asyncio.Task[None] | None = None

    def put(self, draft: Draft) -> asyncio.Future[Stored]:
        """
        Queue a message; the order of calls is the order in its conversation.

        Returns:
            a future of the stored message. It fails with a `ChatError`: the sender may not
            write there, or the database is away.

        Raises:
            Busy: too many are waiting.
        """
        if len(self._waiting) >= self._room:
            raise Busy
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((draft, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return future

    async def close(self) -> None:
        """Wait until everything that was queued is answered, and take nothing more."""
        self._room = 0
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._batch)
                batch = [self._waiting.popleft() for _ in range(size)]
                outcomes = await self._commit([draft for draft, _ in batch])
                for (_, future), outcome in zip(batch, outcomes, strict=True):
                    _settle(future, outcome)
                self._announce(outcomes)
        finally:
            self._running = None

    def _announce(self, outcomes: Sequence[Outcome]) -> None:
        stored = [one for one in outcomes if isinstance(one, Stored) and not one.dup]
        if stored:
            try:
                self._committed(stored)
            except Exception:
                # Committed is committed: who is not told now finds it when syncing.
                self._logger.exception("telling of %d committed messages failed", len(stored))

    async def _commit(self, drafts: Sequence[Draft], *, again: bool = False) -> Sequence[Outcome]:
        batch = Batch(drafts, self._recipients.known)
        try:
            await self._store(batch)
        except self._away as error:
            self._logger.error("the database is away: %s", error)
            return [Unavailable() for _ in drafts]
        except Exception as error:
            if isinstance(error, (Changed, IntegrityError)) and not again:
                # Another worker was first, with the same message or the same conversation: what
                # it wrote is visible now.
                return await self._commit(drafts, again=True)
            if len(drafts) > 1:
                # The database refuses one of them: each for itself, so that only that one fails.
                return [(await self._commit([draft]))[0] for draft in drafts]
            self._logger.exception("a message cannot be stored")
            return [NotStorable()]
        for conv, version in batch.versions.items():
            self._recipients.keep(conv, version, batch.members[conv])
        return batch.outcomes()


def _settle(future: asyncio.Future[Stored], outcome: Outcome) -> None:
    if future.done():
        return  # whoever waited has gone; the message is stored all the same
    if isinstance(outcome, ChatError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
