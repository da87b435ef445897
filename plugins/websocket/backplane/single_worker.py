"""The backplane of a single worker: there are no others to notify."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ..delivery import LocalDelivery
from ..events import Events
from ..topics import SOCKET, Topics, user_of
from .interface import Change
from .payload import Message, Payload


class SingleWorkerBackplane:
    """
    A backplane without Redis.

    Args:
        topics: the index of this worker's sockets.
        delivery: to this worker's sockets.
        events: notified when a user connects and disconnects.
    """

    def __init__(self, topics: Topics, delivery: LocalDelivery, events: Events) -> None:
        self._topics = topics
        self._delivery = delivery
        self._events = events
        self._subscribed: set[str] = set()
        self._devices: dict[str, str] = {}

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def publish(self, topic: str, payload: Payload) -> None:
        """Do nothing: this worker's own sockets have it already."""

    def publish_to_users(self, user_ids: AbstractSet[int], message: Message) -> None:
        """Do nothing: this worker's own sockets have it already."""

    def fill(self) -> float:
        """Return 0: nothing waits."""
        return 0.0

    async def confirm(self, topic: str) -> None:
        """Do nothing: there is no other worker."""

    async def apply(self, change: Change) -> int:
        """Record which users are online. No socket is on another worker."""
        self.apply_soon(change)
        return 0

    def apply_soon(self, change: Change) -> None:
        """Record which users are online."""
        user_id = user_of(change.topic)
        if user_id is None:
            return
        if change.topic in self._topics:
            if change.topic not in self._subscribed:
                self._subscribed.add(change.topic)
                self._events.online(user_id)
        elif change.topic in self._subscribed:
            self._subscribed.discard(change.topic)
            self._events.offline(user_id)
        if change.drop and self._devices.get(change.topic) == change.drop:
            del self._devices[change.topic]
        if change.take:
            previous = self._devices.get(change.topic)
            self._devices[change.topic] = change.take
            if previous is not None and previous != change.take and change.notice is not None:
                self._delivery.deliver(SOCKET + previous, change.notice)

    async def subscribed(self, topics: Sequence[str]) -> list[bool]:
        """Return for each of *topics* whether a socket of this worker is in it."""
        return [topic in self._topics for topic in topics]
