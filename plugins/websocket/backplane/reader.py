"""Receiving from other workers: this worker's stream is read from the last position on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from yolk.concurrency import cancel_task, create_detached_task

from ..delivery import LocalDelivery
from ..events import Events
from .payload import decode
from .publisher import RETRY_SECONDS
from .subscription_store import SubscriptionStore

_BLOCK_SECONDS = 2.0
"""Seconds that a read waits for an entry."""

_MAX_ENTRIES = 64
"""Entries of one read."""


class StreamReader:
    """
    A reader that delivers what other workers sent to this one.

    Args:
        store: of this worker.
        delivery: to this worker's sockets.
        events: notified when messages were missed.
        logger: for errors.
    """

    def __init__(
        self,
        store: SubscriptionStore,
        delivery: LocalDelivery,
        events: Events,
        logger: logging.Logger,
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._events = events
        self._logger = logger
        self._position = "0"
        self._last_number: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._task = create_detached_task(self._run())

    async def stop(self) -> None:
        """Stop reading, and close the connection."""
        await cancel_task(self._task)

    def accept_gap(self) -> None:
        """Accept any number in the next entry: that some were missed is known already."""
        self._last_number = None

    async def _run(self) -> None:
        client, is_own = _blocking_client(self._store.redis)
        try:
            await self._read_all(client)
        finally:
            if is_own:
                await client.aclose()

    async def _read_all(self, client: Any) -> None:
        attempt = 0
        while True:
            try:
                # Redis answers within the time it blocks, otherwise it is unavailable: a worker
                # must not wait forever on a connection that broke unnoticed.
                async with asyncio.timeout(_BLOCK_SECONDS + self._store.timeout):
                    entries = await self._read(client)
                attempt = 0
            except (RedisError, OSError, TimeoutError) as error:
                if attempt == 0:
                    self._logger.warning("websocket: cannot receive from other workers: %s", error)
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
                continue
            for position, fields in entries:
                try:
                    self._take(position, fields)
                except Exception:  # the boundary of one entry
                    self._logger.exception("websocket: an entry of the stream is not readable")
                await asyncio.sleep(0)

    async def _read(self, client: Any) -> list[tuple[bytes, list[bytes]]]:
        block = int(_BLOCK_SECONDS * 1000)
        answer = await client.execute_command(
            *("XREAD", "COUNT", _MAX_ENTRIES, "BLOCK", block),
            *("STREAMS", self._store.stream, self._position),
            NEVER_DECODE=True,
        )
        return list(_entries(answer))

    def _take(self, position: bytes, fields: list[bytes]) -> None:
        """Deliver one entry; a gap in the numbers means that entries were trimmed."""
        self._position = position.decode()
        number = int(fields[1])
        missed = self._last_number is not None and number != self._last_number + 1
        self._last_number = number
        for name, data in zip(fields[2::2], fields[3::2], strict=True):
            topic = name.partition(b" ")[2]
            if topic == b"lost":
                missed = True
            else:
                self._delivery.deliver(topic.decode(), decode(data))
        if missed:
            self._events.position_lost()


def _entries(answer: Any) -> Iterator[tuple[bytes, list[bytes]]]:
    """Parse the answer to XREAD in either version of Redis' protocol."""
    streams = answer.items() if isinstance(answer, dict) else (answer or ())
    for _, found in streams:
        # redis-py nests the entries once more under RESP3.
        nested = len(found) == 1 and found[0] and isinstance(found[0][0], (list, tuple))
        for position, fields in found[0] if nested else found:
            if isinstance(fields, dict):
                yield position, [value for pair in fields.items() for value in pair]
            else:
                yield position, list(fields)


def _blocking_client(redis: Any) -> tuple[Any, bool]:
    """
    Return a client whose connection may block, and whether the reader has to close it.

    redis-py gives up on an answer after `socket_timeout`. A client that cannot make another is
    used as it is: a read blocks for less than that.
    """
    separate = getattr(redis, "separate", None)
    return (redis, False) if separate is None else (separate(socket_timeout=None), True)
