"""Group commit of messages."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from tortoise.exceptions import IntegrityError
from typing_extensions import override

from services.commits import GroupCommit
from services.errors import Busy, NotStorable, Unavailable
from services.message.batch import Batch, Changed, Draft, Stored
from services.message.sql.store import Store
from services.push.recipients import Recipients

RETRIES = 4
"""How often a batch is tried again when another worker was in its way."""


class MessageWriter(GroupCommit[Draft, Stored]):
    """
    Stores one worker's messages, many in one transaction, in the order in which they came.

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
        super().__init__(away, batch=batch, queue=queue, logger=logger)
        self._store = store
        self._recipients = recipients
        self._committed = committed
        self._waiting: deque[tuple[Draft, Sequence[asyncio.Future[Stored]]]] = deque()

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
        self._waiting.append((draft, (future,)))
        self._begin()
        return future

    @override
    def _take(self) -> list[tuple[Draft, Sequence[asyncio.Future[Stored]]]]:
        size = min(len(self._waiting), self._batch)
        return [self._waiting.popleft() for _ in range(size)]

    @override
    async def _store_all(self, items: Sequence[Draft]) -> Sequence[Stored | BaseException]:
        for _ in range(RETRIES):
            # Another worker was first, with the same message or the same conversation: what it
            # wrote is visible now.
            with suppress(Changed, IntegrityError):
                return await self._attempt(items)
        return await self._attempt(items)

    async def _attempt(self, drafts: Sequence[Draft]) -> Sequence[Stored | BaseException]:
        batch = Batch(drafts, self._recipients.known)
        await self._store(batch)
        for conv, version in batch.versions.items():
            self._recipients.keep(conv, version, batch.members[conv])
        return batch.outcomes()

    @override
    async def _announce(self, outcomes: Sequence[Stored | BaseException]) -> None:
        stored = [one for one in outcomes if isinstance(one, Stored) and not one.dup]
        if stored:
            self._committed(stored)

    @override
    def _fault(self, error: Exception) -> BaseException:
        if isinstance(error, Changed):
            return Unavailable()
        self._logger.error("a message cannot be stored", exc_info=error)
        return NotStorable()
