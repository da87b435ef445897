"""Membership of rooms and users' topics, and publishing to them on every worker."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import cast

from .backplane.interface import Backplane, Change
from .backplane.payload import Message, Payload
from .delivery import LocalDelivery
from .socket import WebSocket
from .topics import ROOM, RoomHandler, Topics, user_of


class _Subscriber:
    """A member of a room that is no socket, but the worker itself."""

    topics: set[str] | None = None


class Rooms:
    """
    Membership of topics, and publishing to them on every worker.

    Args:
        topics: the index of this worker's sockets.
        delivery: to this worker's sockets.
        backplane: the other workers.
    """

    def __init__(self, topics: Topics, delivery: LocalDelivery, backplane: Backplane) -> None:
        self.topics = topics
        self._delivery = delivery
        self._backplane = backplane

    async def join(
        self, socket: WebSocket, rooms: Iterable[str], handler: RoomHandler | None
    ) -> None:
        """
        Add *socket* to all of *rooms* or none.

        Raises:
            BackplaneUnavailable: Redis did not answer; the socket is in none of them.
        """
        joined = []
        try:
            for room in rooms:
                if not socket.open:
                    return
                topic = ROOM + room
                if topic not in (socket.topics or ()):
                    joined.append(topic)
                self.topics.add(topic, socket, handler)
                await self._backplane.confirm(topic)
        except BaseException:
            for topic in joined:
                self._leave(socket, topic)
            raise

    def leave(self, socket: WebSocket, rooms: Iterable[str]) -> None:
        """Remove *socket* from *rooms*."""
        for room in rooms:
            self._leave(socket, ROOM + room)

    def subscribe(self, room: str, handler: RoomHandler) -> None:
        """Call *handler* on this worker with each message to *room*, from whichever worker."""
        topic = ROOM + room
        self.topics.add(topic, cast("WebSocket", _Subscriber()), handler)
        self._backplane.apply_soon(Change(topic))

    def _leave(self, socket: WebSocket, topic: str) -> None:
        if self.topics.discard(topic, socket):
            self._backplane.apply_soon(Change(topic))

    def remove(self, socket: WebSocket) -> None:
        """Remove a closed socket from all of its topics."""
        topics, socket.topics = socket.topics, None
        for topic in topics or ():
            was_last = self.topics.discard(topic, socket)
            # A user's topic is always reported: this socket may have been the only device.
            if was_last or user_of(topic) is not None:
                self._backplane.apply_soon(Change(topic, drop=socket.id))

    def publish(self, topic: str, payload: Payload, skip: WebSocket | None = None) -> None:
        """Send *payload* to a topic's sockets on every worker, except *skip*."""
        self._delivery.deliver(topic, payload, skip)
        self._backplane.publish(topic, payload)

    def publish_to_users(
        self, user_ids: AbstractSet[int], message: Message, skip: WebSocket | None = None
    ) -> None:
        """Send *message* to these users' sockets on every worker, except *skip*."""
        self._delivery.deliver_to_users(user_ids, message, skip)
        self._backplane.publish_to_users(user_ids, message)
