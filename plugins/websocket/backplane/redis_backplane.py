"""The backplane over Redis: leases of live workers, and entries that dead ones left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from yolk.concurrency import PeriodicTask

from ..delivery import LocalDelivery
from ..engine import Engine
from ..events import Events
from ..topics import Topics, user_of
from .changes import MAX_BATCH, ChangeWriter
from .interface import BackplaneUnavailable, Change
from .online_keys import OnlineKeys
from .publisher import NO_OTHERS_SECONDS, Publisher
from .reader import StreamReader
from .scripts import DEAD, EVICT, RENEW
from .subscription_store import SubscriptionStore, text

_DISCOVERY_SECONDS = NO_OTHERS_SECONDS * 1.2
"""
Seconds after registering until every other worker has noticed this one.

What another commits later, it sends; what it committed earlier is found by clients that ask from
now on.
"""


class RedisBackplane:
    """
    The backplane of a worker: its lease, its subscriptions and its stream in Redis.

    Args:
        engine: of this worker.
        store: of this worker.
        topics: the index of this worker's sockets.
        delivery: to this worker's sockets.
        events: notified of users' transitions and of missed messages.
    """

    def __init__(
        self,
        engine: Engine,
        store: SubscriptionStore,
        topics: Topics,
        delivery: LocalDelivery,
        events: Events,
    ) -> None:
        settings, logger = engine.settings, engine.logger
        self._store = store
        self._topics = topics
        self._events = events
        self._one_device = settings.devices == "one"
        self._logger = logger
        self._keys = OnlineKeys(store, topics, str(os.getpid()))
        self._publisher = Publisher(store, settings.max_unpublished, engine.counters, logger)
        self._reader = StreamReader(store, delivery, events, logger)
        self._changes = ChangeWriter(store, topics, delivery, events, self._keys)
        # The lease is renewed three times in its length.
        self._maintenance = PeriodicTask(
            self._maintain,
            settings.lease / 3,
            "websocket: maintenance of the lease failed",
            logger,
            is_immediate=False,
        )
        self._is_failing = False
        self._loss_timer: asyncio.TimerHandle | None = None
        self.publish = self._publisher.publish
        self.publish_to_users = self._publisher.publish_to_users
        self.fill = self._publisher.fill
        self.confirm = self._changes.confirm
        self.apply = self._changes.apply
        self.apply_soon = self._changes.apply_soon
        self.subscribed = store.subscribed

    async def start(self) -> None:
        """Register this worker, evict dead ones, and begin to receive from the others."""
        if await self._renew():
            await asyncio.sleep(_DISCOVERY_SECONDS)
        await self._sweep()
        self._reader.start()
        self._maintenance.start()

    async def stop(self) -> None:
        """Write what waits, then remove this worker's entries."""
        await self._maintenance.close()
        if self._loss_timer is not None:
            self._loss_timer.cancel()
        timeout = self._store.timeout
        await self._publisher.stop(timeout)
        await self._changes.close(timeout)
        await self._reader.stop()
        try:
            await self._evict(self._store.worker)
        except BackplaneUnavailable as error:
            self._logger.warning("websocket: this worker's entries remain in Redis: %s", error)

    async def _maintain(self) -> None:
        """Renew the lease, and do the regular maintenance."""
        try:
            await self._renew()
            await self._keys.reconcile_marked()
            await self._sweep()
            self._is_failing = False
        except BackplaneUnavailable as error:
            if not self._is_failing:
                self._logger.warning("websocket: the lease is not renewed: %s", error)
            self._is_failing = True

    async def _renew(self) -> int:
        """Renew the lease, reconcile what Redis does not know, and count the other workers."""
        limits = self._store.stream_limits
        unbroken, count, others = await self._store.run(RENEW, self._store.lease_ms, *limits)
        is_in_step = not self._changes.idle or count == len(self._topics)
        if not unbroken or not is_in_step or self._changes.failed:
            self._changes.failed = False
            try:
                await self._reconcile()
            except BackplaneUnavailable:
                self._changes.failed = True
                raise
        if not unbroken and len(self._topics):
            self._reader.accept_gap()
            loop = asyncio.get_running_loop()
            self._loss_timer = loop.call_later(_DISCOVERY_SECONDS, self._events.position_lost)
        return int(others)

    async def _reconcile(self) -> None:
        """Write all subscriptions again: Redis was emptied, or changes could not be written."""
        await self._store.forget_counts()
        there = await self._store.own_topics()
        here = set(self._topics)
        again = {topic for topic in here & there if self._topics.count(topic) > 1}
        changes = [self._current_state(topic) for topic in (there ^ here) | again]
        users = [user for topic in here & there if (user := user_of(topic)) is not None]
        for start in range(0, len(changes), MAX_BATCH):
            batch = changes[start : start + MAX_BATCH]
            await asyncio.gather(*[self._changes.apply(change) for change in batch])
        for user in users:
            self._keys.mark(user)
        await self._keys.reconcile_marked()

    def _current_state(self, topic: str) -> Change:
        """Return the change that repeats what was written about *topic* before."""
        sockets = self._topics.members(topic)
        if self._one_device and sockets and user_of(topic) is not None:
            return Change(topic, take=max(sockets, key=lambda socket: socket.number).id)
        return Change(topic)

    async def _sweep(self) -> None:
        """Evict workers whose lease has ended."""
        for worker in await self._store.run(DEAD):
            if text(worker) != self._store.worker:
                await self._evict(text(worker))

    async def _evict(self, worker: str) -> None:
        """
        Remove the entries of *worker*.

        The users' keys are removed first: if this worker dies in between, another one finds the
        topics and repeats it. Only the worker that removes the topics notifies.
        """
        found = _users(await self._store.run(EVICT, worker, "0"))
        await self._keys.reconcile(found)
        removed = _users(await self._store.run(EVICT, worker, "1"))
        await self._keys.reconcile(removed)
        for user_id in removed:
            self._events.offline(user_id)


def _users(topics: Sequence[bytes | str]) -> list[int]:
    return [user for topic in topics if (user := user_of(text(topic))) is not None]
