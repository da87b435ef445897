"""The backplane over Redis: which workers live, what they hold, and what dead ones left."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Sequence
from collections.abc import Set as AbstractSet
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from yolk.turns import let_arrive

from .backplane import BackplaneAway, Change, Events
from .bus import ALONE, Publisher, Reader
from .engine import Counters
from .keys import OnlineKeys
from .rooms import Rooms
from .scripts import APPLY, DEAD, HELD, ORPHANS, RENEW
from .store import Store, text
from .topics import SOCKET, user_of

# Limits of one call: a script stops Redis while it runs.
_CHANGES = 500
_TOPICS = 2000

_BECOMING_KNOWN = ALONE * 1.2
"""
Seconds after registering until no other worker takes itself for the only one.

What another commits later, it sends; what it committed earlier, clients find that ask from now on.
"""

_STREAM_LEASES = 10
"""Leases after which the stream of a worker that is gone goes by itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a worker takes part."""

    lease: float
    """Seconds after its last sign of life that a worker counts as dead."""
    one_device: bool
    """Whether a user's newest socket takes the place of the one before."""
    max_unpublished: int
    """Messages that may wait for Redis."""
    max_stream: int
    """Batches that may wait for one worker."""
    counters: Counters
    """Of this worker."""


class RedisBackplane:
    """
    The workers' register, and their streams.

    What comes within a few turns of the loop is told in one call, in the order in which it
    happened. For a topic the state at the time of the call counts, so that coming and going cannot
    cross.

    Args:
        store: of this worker.
        rooms: of this worker.
        events: told of transitions and of missed messages.
        terms: how this worker takes part.
        logger: for what goes wrong.
    """

    def __init__(
        self, store: Store, rooms: Rooms, events: Events, terms: Terms, logger: logging.Logger
    ) -> None:
        self.worker = store.worker
        self._store = store
        self._rooms = rooms
        self._events = events
        self._terms = terms
        self._logger = logger
        self._stream = (terms.max_stream, int(terms.lease * 1000 * _STREAM_LEASES))
        self._publisher = Publisher(
            store, terms.max_unpublished, *self._stream, terms.counters, logger
        )
        self._reader = Reader(store, rooms.deliver, events, logger)
        self._keys = OnlineKeys(store, self.held, str(os.getpid()))
        self._waiting: list[tuple[Change, asyncio.Future[None] | None]] = []
        self._unknown: dict[str, int] = {}
        self._behind = False
        self._telling: asyncio.Task[None] | None = None
        self._living: asyncio.Task[None] | None = None
        self._telling_loss: asyncio.TimerHandle | None = None

    # --- life

    async def start(self) -> None:
        """Register this worker, sweep what dead ones left, and begin to hear the others."""
        if await self._renew():
            await asyncio.sleep(_BECOMING_KNOWN)
        await self._sweep()
        self._reader.start()
        self._living = self._task(self._live())

    async def stop(self) -> None:
        """Tell what waits to be told, then take this worker's traces away."""
        if self._living is not None:
            self._living.cancel()
            await asyncio.wait([self._living])
        if self._telling_loss is not None:
            self._telling_loss.cancel()
        timeout = self._store.timeout
        await self._publisher.stop(timeout)
        if self._telling is not None:
            await asyncio.wait([self._telling], timeout=timeout)
        await self._reader.stop()
        try:
            await self._bury(self.worker)
        except BackplaneAway as error:
            self._logger.warning("websocket: this worker's traces stay in Redis: %s", error)

    async def _live(self) -> None:
        """Renew the lease three times in its length, and do what has to be done regularly."""
        away = False
        while True:
            await asyncio.sleep(self._terms.lease / 3)
            try:
                await self._renew()
                await self._keys.repair()
                await self._sweep()
                away = False
            except BackplaneAway as error:
                if not away:
                    self._logger.warning("websocket: the lease is not renewed: %s", error)
                away = True
            except Exception:  # the boundary of one round
                self._logger.exception("websocket: a round of the lease failed")

    async def _renew(self) -> int:
        """Say that this worker lives, mend what Redis does not know, and count the others."""
        lease = int(self._terms.lease * 1000)
        unbroken, held, others = await self._store.run(RENEW, lease, *self._stream)
        topics = self._rooms.topics
        known = self._telling is not None or held == len(topics)
        if not unbroken or not known or self._behind:
            self._behind = False
            try:
                await self._tell_everything()
            except BackplaneAway:
                self._behind = True
                raise
        if not unbroken and len(self._rooms.topics):
            self._reader.expect_anything()
            loop = asyncio.get_running_loop()
            self._telling_loss = loop.call_later(_BECOMING_KNOWN, self._events.position_lost)
        return int(others)

    async def _tell_everything(self) -> None:
        """Make Redis hold what this worker holds: it was emptied, or could not be told."""
        there = await self._store.topics_held()
        here = set(self._rooms.topics)
        changes = [self._again(topic) for topic in there ^ here]
        users = [user for topic in here & there if (user := user_of(topic)) is not None]
        for at in range(0, len(changes), _CHANGES):
            await asyncio.gather(*[self.apply(change) for change in changes[at : at + _CHANGES]])
        for user in users:
            self._keys.look_after(user)
        await self._keys.repair()

    def _again(self, topic: str) -> Change:
        """Give the change that tells of *topic* what was told before."""
        sockets = self._rooms.topics.members(topic)
        if self._terms.one_device and sockets and user_of(topic) is not None:
            return Change(topic, take=max(sockets, key=lambda socket: socket.number).id)
        return Change(topic)

    async def _sweep(self) -> None:
        for worker in await self._store.run(DEAD):
            if text(worker) != self.worker:
                await self._bury(text(worker))

    async def _bury(self, worker: str) -> None:
        """
        Remove what *worker* left.

        The users' keys go first: should this worker die in between, the next one finds the
        topics still there and does it again. Only who removes the topics tells of the users.
        """
        orphans = await self._store.run(ORPHANS, worker, "0")
        await self._keys.settle(_users(orphans))
        removed = _users(await self._store.run(ORPHANS, worker, "1"))
        await self._keys.settle(removed)
        for user_id in removed:
            self._events.offline(user_id)

    # --- messages

    def publish(self, topic: str, payload: bytes, *, droppable: bool = False) -> None:
        """Give *payload* to all other workers that hold *topic*. Never waits."""
        self._publisher.publish(topic, payload, droppable=droppable)

    def publish_to_users(
        self, user_ids: AbstractSet[int], payload: bytes, *, droppable: bool = False
    ) -> None:
        """Give *payload* once to each other worker that holds topics of these users."""
        self._publisher.publish_to_users(user_ids, payload, droppable=droppable)

    # --- what this worker holds

    async def held(self, topics: Sequence[str]) -> list[bool]:
        """Tell which of *topics* a live worker holds."""
        answers: list[bool] = []
        for at in range(0, len(topics), _TOPICS):
            some = topics[at : at + _TOPICS]
            answers += [answer == 1 for answer in await self._store.run(HELD, *some)]
        return answers

    async def settle(self, topic: str) -> None:
        """Wait until Redis knows that this worker holds *topic*; at once where it does."""
        if topic in self._unknown or self._behind or self._is_new(topic):
            await self.apply(Change(topic))

    def _is_new(self, topic: str) -> bool:
        return len(self._rooms.topics.members(topic)) == 1

    async def apply(self, change: Change) -> None:
        """Tell Redis of *change*, and wait until it knows."""
        told = asyncio.get_running_loop().create_future()
        self._tell(change, told)
        await told

    def note(self, change: Change) -> None:
        """Tell Redis of *change* without waiting; what cannot be told is told later."""
        self._tell(change, None)

    def _tell(self, change: Change, told: asyncio.Future[None] | None) -> None:
        self._waiting.append((change, told))
        self._unknown[change.topic] = self._unknown.get(change.topic, 0) + 1
        if self._telling is None:
            self._telling = self._task(self._tell_all())

    async def _tell_all(self) -> None:
        try:
            while self._waiting:
                await let_arrive(self._waiting)
                batch = self._waiting[:_CHANGES]
                del self._waiting[:_CHANGES]
                error: Exception | None = None
                try:
                    await self._tell_batch([change for change, _ in batch])
                except BackplaneAway as failure:
                    self._behind = True
                    error = failure
                finally:
                    for change, told in batch:
                        self._known(change.topic)
                        if told is None or told.done():
                            continue
                        if error is None:
                            told.set_result(None)
                        else:
                            told.set_exception(error)
        finally:
            self._telling = None

    def _known(self, topic: str) -> None:
        left = self._unknown[topic] - 1
        if left:
            self._unknown[topic] = left
        else:
            del self._unknown[topic]

    async def _tell_batch(self, changes: list[Change]) -> None:
        values: list[str | bytes] = []
        for change in changes:
            hold = change.topic in self._rooms.topics
            values += ["1" if hold else "0", change.topic, change.take if hold else "", change.drop]
            values.append(change.farewell)
        answers = await self._store.run(APPLY, *self._stream, *values)
        online: dict[int, bool] = {}
        for change, turn, held, replaced in zip(
            changes, answers[::3], answers[1::3], answers[2::3], strict=True
        ):
            if text(replaced):
                self._rooms.deliver(SOCKET + text(replaced), change.farewell)
            user_id = user_of(change.topic)
            if user_id is None:
                continue
            online[user_id] = text(held) == "1"
            if text(turn) == "+":
                self._events.online(user_id)
            elif text(turn) == "-":
                self._events.offline(user_id)
            if change.drop:
                self._keys.look_after(user_id)
        await self._keys.write(online)

    @staticmethod
    def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work, context=Context())


def _users(topics: Sequence[bytes | str]) -> list[int]:
    return [user for topic in topics if (user := user_of(text(topic))) is not None]
