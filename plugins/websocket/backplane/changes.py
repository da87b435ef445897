"""Writing changes of this worker's subscriptions to Redis, in batches."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Sequence
from functools import partial

from yolk.concurrency import Batcher, linger

from ..delivery import LocalDelivery
from ..events import Events
from ..topics import SOCKET, Topics, user_of
from .interface import BackplaneUnavailable, Change
from .online_keys import OnlineKeys
from .payload import encode
from .scripts import APPLY
from .subscription_store import SubscriptionStore, text

MAX_BATCH = 500
"""Changes of one call: a script blocks Redis while it runs."""

_MAX_TURNS = 16
"""Turns of the loop that a batch waits for more; each is some microseconds on an idle loop."""


class ChangeWriter:
    """
    A batcher of changes.

    The changes of a few turns of the loop are written in one call, in the order in which they
    happened. The state of a topic at the time of the call is written, so changes cannot cross.

    Args:
        store: of this worker.
        topics: the index of this worker's sockets.
        delivery: to this worker's sockets, for close notices.
        events: notified when users connect and disconnect.
        keys: of the users that are online.
    """

    def __init__(
        self,
        store: SubscriptionStore,
        topics: Topics,
        delivery: LocalDelivery,
        events: Events,
        keys: OnlineKeys,
    ) -> None:
        self._store = store
        self._topics = topics
        self._delivery = delivery
        self._events = events
        self._keys = keys
        self._pending: Counter[str] = Counter()
        """How many changes of a topic are not written yet."""
        self._batcher: Batcher[Change, int] = Batcher(
            self._write,
            max_batch=MAX_BATCH,
            full=lambda: BackplaneUnavailable("the worker is stopping"),
            fill=partial(linger, quiet_turns=1, max_turns=_MAX_TURNS, max_seconds=math.inf),
        )
        self.failed = False
        """Whether a change could not be written since this was last reset."""

    @property
    def idle(self) -> bool:
        """Whether no change waits or is being written."""
        return self._batcher.idle

    async def confirm(self, topic: str) -> None:
        """Wait until Redis knows that this worker is subscribed to *topic*, unless it does."""
        is_new = len(self._topics.members(topic)) == 1
        if is_new or self.failed or topic in self._pending:
            await self.apply(Change(topic))

    async def apply(self, change: Change) -> int:
        """Write *change*; return how many sockets its user has on other workers."""
        return await self._put(change)

    def apply_soon(self, change: Change) -> None:
        """Write *change* without waiting; a failure is repaired later."""
        with contextlib.suppress(BackplaneUnavailable):
            self._put(change).cancel()  # its result is not awaited; it is written nevertheless

    async def close(self, timeout: float) -> None:
        """Write what waits, for *timeout* seconds at most."""
        await self._batcher.close(timeout)

    def _put(self, change: Change) -> asyncio.Future[int]:
        future = self._batcher.put(change)
        self._pending[change.topic] += 1
        return future

    async def _write(self, changes: Sequence[Change]) -> Sequence[BaseException | int]:
        try:
            return await self._write_batch(changes)
        except BackplaneUnavailable as failure:
            self.failed = True
            return [failure] * len(changes)
        finally:
            for change in changes:
                left = self._pending.pop(change.topic, 0) - 1
                if left > 0:
                    self._pending[change.topic] = left

    async def _write_batch(self, changes: Sequence[Change]) -> list[int]:
        values: list[str | bytes] = []
        for change in changes:
            count = self._topics.count(change.topic)
            values += [str(count), change.topic, change.take if count else "", change.drop]
            values.append(b"" if change.notice is None else encode(change.notice))
        answers = await self._store.run(APPLY, *self._store.stream_limits, *values)
        online: dict[int, bool] = {}
        for change, transition, is_online, replaced in zip(
            changes, answers[::4], answers[1::4], answers[2::4], strict=True
        ):
            if text(replaced) and change.notice is not None:
                self._delivery.deliver(SOCKET + text(replaced), change.notice)
            user_id = user_of(change.topic)
            if user_id is None:
                continue
            online[user_id] = text(is_online) == "1"
            if text(transition) == "+":
                self._events.online(user_id)
            elif text(transition) == "-":
                self._events.offline(user_id)
            if change.drop:
                self._keys.mark(user_id)
        await self._keys.write(online)
        return [int(number) for number in answers[3::4]]
