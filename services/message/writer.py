"""Group commit: messages of one worker are stored many at a time, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from tortoise.exceptions import IntegrityError

from services.errors import Busy, NotStorable, Unavailable
from services.limits.stranger_limiter import StrangerAdmission, StrangerLimiter
from services.message.batch import Batch, Conflict, Stored
from services.message.draft import Draft
from services.message.sql.store import Store
from services.push.recipients import Recipients
from yolk.concurrency import Batcher

MAX_RETRIES = 4
"""Times that a batch is tried again after a conflict with another worker."""


def message_writer(  # noqa: PLR0913 - its behaviour is composed of these
    store: Store,
    unavailable_errors: tuple[type[BaseException], ...],
    recipients: Recipients,
    announce: Callable[[Sequence[Stored]], None],
    *,
    max_batch: int,
    max_waiting: int,
    logger: logging.Logger,
    stranger_limiter: StrangerLimiter | None = None,
) -> Batcher[Draft, Stored]:
    """
    Return the batcher that stores messages; the order of `put` is the order in a conversation.

    `put` raises `Busy` when too many wait. Its future fails with a `ChatError`: the sender may not
    write there, or the database is unavailable.

    Args:
        store: commits a batch.
        unavailable_errors: what *store* raises when the database is unavailable.
        recipients: remembers the members of groups.
        announce: called with what was committed, after each sender was answered.
        max_batch: messages of one transaction.
        max_waiting: messages that may wait.
        logger: for errors that are not a sender's fault.
        stranger_limiter: limits messages to strangers; None for no limit.
    """

    async def store_batch(drafts: Sequence[Draft]) -> Sequence[Stored | BaseException]:
        admission = StrangerAdmission(stranger_limiter)
        try:
            for _ in range(MAX_RETRIES):
                # After a conflict, what the other worker wrote is visible to the next attempt.
                with suppress(Conflict, IntegrityError):
                    return await store_once(drafts, admission)
            return await store_once(drafts, admission)
        except unavailable_errors as error:
            logger.error("the database is unavailable: %s", error)
            return [Unavailable() for _ in drafts]
        finally:
            admission.report()

    async def store_once(
        drafts: Sequence[Draft], admission: StrangerAdmission
    ) -> Sequence[Stored | BaseException]:
        batch = Batch(drafts, recipients.known, admission)
        await store(batch)
        for conv, version in batch.versions.items():
            recipients.keep(conv, version, batch.members[conv])
        return batch.outcomes()

    async def announce_new(messages: Sequence[Stored]) -> None:
        new = [message for message in messages if not message.dup]
        if new:
            announce(new)

    def to_error(error: Exception) -> BaseException:
        if isinstance(error, Conflict):
            return Unavailable()
        logger.error("a message cannot be stored", exc_info=error)
        return NotStorable()

    return Batcher(
        store_batch,
        announce_new,
        max_batch=max_batch,
        max_waiting=max_waiting,
        full=Busy,
        to_error=to_error,
        logger=logger,
    )
