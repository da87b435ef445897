"""Publishing to other workers: messages are written to their streams in batches."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from yolk.concurrency import create_detached_task

from ..engine import Counters
from ..topics import users_topic
from .interface import BackplaneUnavailable
from .payload import Message, Payload, encode
from .scripts import PUBLISH
from .subscription_store import SubscriptionStore

# A script takes some 8,000 values at a time and blocks Redis while it runs; an entry of a stream
# should not block the loop of its reader.
_MAX_BATCH_MESSAGES = 1000
_MAX_BATCH_BYTES = 4 * 1024 * 1024
_MAX_BATCH_USERS = 10_000
"""Also the recipients of one message; for more, it is sent several times."""

_USERS_PER_PLACE = 100
"""Users for which a message takes up one more place in the queue: their ids take memory, too."""

_BACKLOG_MESSAGES = 100
"""Waiting messages beyond which droppable ones are left out."""

NO_OTHERS_SECONDS = 0.25
"""
Seconds for which the answer that there is no other worker is good.

A worker that finds others when it registers waits for longer than that before it serves (see
`redis_backplane.py`): by then the answers that the others got before are no longer good.
"""

RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds before each new attempt while Redis is unavailable; the last one is repeated."""


class _Waiting(NamedTuple):
    topic: str
    data: bytes
    users: int
    """How many users it is for."""


class Publisher:
    """
    A queue of messages for other workers.

    The messages of one turn of the loop are sent in one call; those that are published meanwhile
    are the next batch. When Redis has answered that there is no other worker, nothing is sent for
    as long as that is certain.

    While Redis is unavailable, messages wait. Beyond *max_waiting* the newest do not reach other
    workers; that is counted, logged once until it is over, and then reported to the other
    workers, so that their clients can ask for what they missed.

    Args:
        store: of this worker.
        max_waiting: messages that may wait; one for many users counts as several.
        counters: of this worker.
        logger: for errors.
    """

    def __init__(
        self, store: SubscriptionStore, max_waiting: int, counters: Counters, logger: logging.Logger
    ) -> None:
        self._store = store
        self._max_waiting = max_waiting
        self._counters = counters
        self._logger = logger
        self._queue: list[_Waiting] = []
        self._size = 0
        """Places that the queue takes up."""
        self._batch_number = 0
        self._lost = False
        self._no_others_until = 0.0
        self._task: asyncio.Task[None] | None = None

    def publish(self, topic: str, payload: Payload) -> None:
        """Send *payload* to the other workers that are subscribed to *topic*. Never waits."""
        self._put(topic, payload, 1)

    def publish_to_users(self, user_ids: AbstractSet[int], message: Message) -> None:
        """Send *message* once to each other worker where some of these users have sockets."""
        if len(user_ids) <= _MAX_BATCH_USERS:
            self._put(users_topic(user_ids), message, len(user_ids))
            return
        users = list(user_ids)
        for start in range(0, len(users), _MAX_BATCH_USERS):
            some = frozenset(users[start : start + _MAX_BATCH_USERS])
            self._put(users_topic(some), message, len(some))

    @property
    def _no_others(self) -> bool:
        return time.monotonic() < self._no_others_until

    def _put(self, topic: str, payload: Payload, users: int) -> None:
        if self._no_others:
            return
        if isinstance(payload, Message) and payload.droppable and self._size >= _BACKLOG_MESSAGES:
            self._counters.dropped += 1
            return
        if self._size >= self._max_waiting:
            self._counters.unpublished += 1
            if not self._lost:
                self._lost = True
                self._logger.error(
                    "websocket: %d messages wait for Redis; until it takes them, further ones "
                    "do not reach other workers",
                    self._max_waiting,
                )
            return
        self._queue.append(_Waiting(topic, encode(payload), users))
        self._size += _places(users)
        if self._task is None:
            self._task = create_detached_task(self._send_all())

    def fill(self) -> float:
        """Return how full the queue is, from 0 to 1."""
        return min(1.0, self._size / self._max_waiting)

    async def stop(self, timeout: float) -> None:
        """Send what waits, for *timeout* seconds at most."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
        if self._task is not None:
            self._task.cancel()

    async def _send_all(self) -> None:
        try:
            while self._queue or self._lost:
                batch = list(self._next_batch())
                lost, self._lost = self._lost, False
                self._batch_number += 1
                await self._send(batch, lost)
                # Only now: messages in flight count as waiting.
                sent = len(self._queue) if self._no_others else len(batch)
                self._size -= sum(_places(waiting.users) for waiting in self._queue[:sent])
                del self._queue[:sent]
        finally:
            self._task = None

    def _next_batch(self) -> Iterator[_Waiting]:
        size = users = 0
        for waiting in self._queue[:_MAX_BATCH_MESSAGES]:
            first = size == 0
            size += len(waiting.topic) + len(waiting.data)
            users += waiting.users
            if not first and (size > _MAX_BATCH_BYTES or users > _MAX_BATCH_USERS):
                return
            yield waiting

    async def _send(self, batch: list[_Waiting], lost: bool) -> None:
        """Send a batch until Redis has taken it; its number keeps it from being sent twice."""
        values = [value for topic, data, _ in batch for value in (topic, data)]
        limits = self._store.stream_limits
        attempt = 0
        while True:
            asked = time.monotonic()
            try:
                others = await self._store.run(
                    PUBLISH, self._batch_number, *limits, "1" if lost else "0", *values
                )
            except BackplaneUnavailable as error:
                if attempt == 0:
                    self._logger.warning("websocket: messages to other workers wait: %s", error)
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
            else:
                self._no_others_until = 0.0 if others else asked + NO_OTHERS_SECONDS
                return


def _places(users: int) -> int:
    """Return how many places of the queue a message for so many users takes up."""
    return 1 + users // _USERS_PER_PLACE
