"""Delivery of payloads to the sockets of this worker."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from .backplane.payload import Close, Message, Payload
from .engine import Engine
from .rfc6455 import frames
from .socket import WebSocket
from .topics import ROOM, SOCKET, USERS, RoomHandler, Topics, users_of


class LocalDelivery:
    """
    A writer of payloads to the sockets of this worker.

    Args:
        engine: of this worker.
        topics: the index of its sockets.
    """

    def __init__(self, engine: Engine, topics: Topics) -> None:
        self._engine = engine
        self._topics = topics

    def deliver(self, topic: str, payload: Payload, skip: WebSocket | None = None) -> None:
        """Deliver *payload* to a topic's sockets on this worker, except *skip*."""
        if isinstance(payload, Close):
            for socket in self._sockets_of(topic):
                _close(socket, payload)
        elif topic.startswith(USERS):
            self._write(self._topics.of_users(users_of(topic)), payload, skip)
        elif topic.startswith(ROOM) and (handlers := self._topics.handlers(topic)):
            self._call_handlers(topic, handlers, payload, skip)
        else:
            self._write(self._topics.members(topic), payload, skip)

    def deliver_to_users(
        self, user_ids: AbstractSet[int], message: Message, skip: WebSocket | None = None
    ) -> None:
        """Deliver *message* to the sockets of these users on this worker, except *skip*."""
        self._write(self._topics.of_users(user_ids), message, skip)

    def _write(self, sockets: list[WebSocket], message: Message, skip: WebSocket | None) -> None:
        frame, label, droppable = message.frame, message.label, message.droppable
        if droppable and self._engine.is_busy():
            self._engine.counters.dropped += 1
            return
        for socket in sockets:
            if socket is skip:
                continue
            if droppable or socket.held is not None:
                socket.push(message)
            elif socket.write(frame) and label is not None:  # without a call: there may be many
                socket.add_label(label)

    def _call_handlers(
        self,
        topic: str,
        handlers: Mapping[WebSocket, RoomHandler],
        message: Message,
        skip: WebSocket | None,
    ) -> None:
        """Call the handlers that sockets joined a room with; write to sockets without one."""
        for socket in self._topics.members(topic):
            if socket is skip:
                continue
            handler = handlers.get(socket)
            if handler is None:
                socket.push(message)
            else:
                room = topic[len(ROOM) :]
                event = {"room": room, "message": frames.decode(message.frame)}
                self._engine.call(handler, f"the handler of room {room}", event)

    def _sockets_of(self, topic: str) -> list[WebSocket]:
        if not topic.startswith(SOCKET):
            return self._topics.members(topic)
        worker, _, number = topic[len(SOCKET) :].rpartition(":")
        socket = self._engine.sockets.get(int(number)) if worker == self._engine.worker else None
        return [] if socket is None else [socket]


def _close(socket: WebSocket, command: Close) -> None:
    for name, value in command.only.items():
        if getattr(socket, name, None) != value:
            return
    if command.frame:
        socket.write(command.frame)
    socket.close(command.code, command.reason)
