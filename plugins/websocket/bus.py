"""Messages between workers: a stream for each, written in batches, read where reading stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextvars import Context
from typing import Any

from redis.exceptions import RedisError

from .backplane import BackplaneAway, Deliver, Events
from .engine import Counters
from .scripts import PUBLISH
from .store import Store
from .topics import users_topic

# A script takes some 8,000 values at a time and stops Redis while it runs; an entry of a stream
# should not stop the loop of its reader.
_BATCH_MESSAGES = 1000
_BATCH_BYTES = 4 * 1024 * 1024
_BATCH_USERS = 10_000
"""Also the most that one message is for; to more it goes as several."""

_USERS_OF_A_MESSAGE = 100
"""For so many users a message counts once among those that may wait: their ids take memory too."""

_BACKLOG = 100
"""Waiting messages beyond which what is droppable is left out."""

_BLOCK = 2.0
"""Seconds that a read waits for something to come."""

ALONE = 0.25
"""
Seconds for which a worker that heard of no other may take itself for the only one.

A worker that finds others when it registers waits for longer than that before it serves anybody
(see `lease.py`): until then nobody is left who was told before that there are no others.
"""

_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds before trying again, the longer the longer Redis is away."""


class Publisher:
    """
    Sends what a turn of the loop gathered in one call; what comes meanwhile is the next batch.

    Where Redis said that there is no other worker, nothing is sent for as long as that is sure.

    While Redis is away, messages wait. Beyond *limit* the newest do not reach other workers;
    that is counted, logged once until it is over, and then told to the other workers, so that
    their clients can ask for what they missed.

    Args:
        store: of this worker.
        limit: how many messages may wait; one for many users counts as several.
        stream_limit: how many batches may wait for one reader.
        stream_expiry: milliseconds after which an abandoned stream goes by itself.
        counters: of this worker.
        logger: for the one line.
    """

    def __init__(
        self,
        store: Store,
        limit: int,
        stream_limit: int,
        stream_expiry: int,
        counters: Counters,
        logger: logging.Logger,
    ) -> None:
        self._store = store
        self._limit = limit
        self._stream = (stream_limit, stream_expiry)
        self._counters = counters
        self._logger = logger
        self._waiting: list[tuple[str, bytes, int]] = []
        """Topic, payload, and how many users it is for."""
        self._size = 0
        self._batch = 0
        self._lost = False
        self._alone_until = 0.0
        self._task: asyncio.Task[None] | None = None

    def publish(self, topic: str, payload: bytes, *, droppable: bool = False) -> None:
        """Send *payload* to the other workers that hold *topic*. Never waits."""
        self._put(topic, payload, 1, droppable)

    def publish_to_users(
        self, user_ids: AbstractSet[int], payload: bytes, *, droppable: bool = False
    ) -> None:
        """Send *payload* once to each other worker that holds topics of these users."""
        if len(user_ids) <= _BATCH_USERS:
            self._put(users_topic(user_ids), payload, len(user_ids), droppable)
            return
        users = list(user_ids)
        for at in range(0, len(users), _BATCH_USERS):
            some = frozenset(users[at : at + _BATCH_USERS])
            self._put(users_topic(some), payload, len(some), droppable)

    @property
    def _alone(self) -> bool:
        return time.monotonic() < self._alone_until

    def _put(self, topic: str, payload: bytes, users: int, droppable: bool) -> None:
        if self._alone:
            return
        if droppable and self._size >= _BACKLOG:
            self._counters.dropped += 1
            return
        if self._size >= self._limit:
            self._counters.unpublished += 1
            if not self._lost:
                self._lost = True
                self._logger.error(
                    "websocket: %d messages wait for Redis; until it takes them, further ones "
                    "do not reach other workers",
                    self._limit,
                )
            return
        self._waiting.append((topic, payload, users))
        self._size += _cost(users)
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._send_all(), context=Context())

    async def stop(self, timeout: float) -> None:
        """Send what waits, for *timeout* seconds at most."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
        if self._task is not None:
            self._task.cancel()

    async def _send_all(self) -> None:
        try:
            while self._waiting or self._lost:
                batch = list(self._next_batch())
                lost, self._lost = self._lost, False
                self._batch += 1
                await self._send(batch, lost)
                # Only now: what is on its way counts as waiting.
                sent = len(self._waiting) if self._alone else len(batch)
                self._size -= sum(_cost(users) for _, _, users in self._waiting[:sent])
                del self._waiting[:sent]
        finally:
            self._task = None

    def _next_batch(self) -> Iterator[tuple[str, bytes, int]]:
        size = people = 0
        for message in self._waiting[:_BATCH_MESSAGES]:
            topic, payload, users = message
            first = size == 0
            size += len(topic) + len(payload)
            people += users
            if not first and (size > _BATCH_BYTES or people > _BATCH_USERS):
                return
            yield message

    async def _send(self, batch: list[tuple[str, bytes, int]], lost: bool) -> None:
        """Send a batch until Redis took it; its number keeps it from being sent twice."""
        values = [value for topic, payload, _ in batch for value in (topic, payload)]
        attempt = 0
        while True:
            asked = time.monotonic()
            try:
                others = await self._store.run(
                    PUBLISH, self._batch, *self._stream, "1" if lost else "0", *values
                )
            except BackplaneAway as error:
                if attempt == 0:
                    self._logger.warning("websocket: messages to other workers wait: %s", error)
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
            else:
                self._alone_until = 0.0 if others else asked + ALONE
                return


class Reader:
    """
    Hands over what others sent to this worker.

    Args:
        store: of this worker.
        deliver: to this worker's sockets.
        events: told when something was missed.
        logger: for what goes wrong.
    """

    def __init__(
        self, store: Store, deliver: Deliver, events: Events, logger: logging.Logger
    ) -> None:
        self._store = store
        self._deliver = deliver
        self._events = events
        self._logger = logger
        self._position = "0"
        self._number: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._redis, self._own = _client_for_reading(store.redis)

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._read_all(), context=Context())

    async def stop(self) -> None:
        """End, and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._own:
            await self._redis.aclose()

    def expect_anything(self) -> None:
        """Take the next entry as the first: that some were missed is known already."""
        self._number = None

    async def _read_all(self) -> None:
        attempt = 0
        while True:
            try:
                # Redis answers within the time it blocks, else it is not there: no worker is
                # silently deaf on a connection that is dead without saying so.
                async with asyncio.timeout(_BLOCK + self._store.timeout):
                    entries = await self._read()
                attempt = 0
            except (RedisError, OSError, TimeoutError) as error:
                if attempt == 0:
                    self._logger.warning("websocket: other workers cannot be heard: %s", error)
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
                continue
            for position, fields in entries:
                try:
                    self._take(position, fields)
                except Exception:  # the boundary of one entry
                    self._logger.exception("websocket: an entry of the stream is not readable")
                await asyncio.sleep(0)

    async def _read(self) -> list[tuple[bytes, list[bytes]]]:
        stream = f"{self._store.base}stream:{self._store.worker}"
        block = int(_BLOCK * 1000)
        answer = await self._redis.execute_command(
            "XREAD", "COUNT", 64, "BLOCK", block, "STREAMS", stream, self._position,
            NEVER_DECODE=True,
        )  # fmt: skip
        return list(_entries(answer))

    def _take(self, position: bytes, fields: list[bytes]) -> None:
        """Deliver one entry; a gap in the numbers says that entries were trimmed away."""
        self._position = position.decode()
        number = int(fields[1])
        missed = self._number is not None and number != self._number + 1
        self._number = number
        for name, payload in zip(fields[2::2], fields[3::2], strict=True):
            topic = name.partition(b" ")[2]
            if topic == b"lost":
                missed = True
            else:
                self._deliver(topic.decode(), payload)
        if missed:
            self._events.position_lost()


def _cost(users: int) -> int:
    """Say as how many messages one for so many users counts among those that wait."""
    return 1 + users // _USERS_OF_A_MESSAGE


def _entries(answer: Any) -> Iterator[tuple[bytes, list[bytes]]]:
    """Read the answer to XREAD in either protocol of Redis'."""
    streams = answer.items() if isinstance(answer, dict) else (answer or ())
    for _, entries in streams:
        # redis-py nests the entries once more under RESP3.
        if len(entries) == 1 and entries[0] and isinstance(entries[0][0], (list, tuple)):
            entries = entries[0]  # noqa: PLW2901
        for position, fields in entries:
            if isinstance(fields, dict):
                yield position, [value for pair in fields.items() for value in pair]
            else:
                yield position, list(fields)


def _client_for_reading(redis: Any) -> tuple[Any, bool]:
    """
    Give a client whose connection may block, and whether it is ours to close.

    redis-py gives up on an answer after `socket_timeout`. A client that cannot make another is
    used as it is: a read blocks for less than that.
    """
    separate = getattr(redis, "separate", None)
    return (redis, False) if separate is None else (separate(socket_timeout=None), True)
