"""Rooms: to many sockets with one message, encoded once and framed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from . import frames
from .backplane import (
    Backplane,
    Change,
    Close,
    decode_command,
    encode_command,
    split_droppable,
    split_label,
)
from .engine import Engine
from .socket import WebSocket
from .topics import ROOM, SOCKET, USERS, RoomHandler, Topics, user_of, users_of

_encode_json = msgspec.json.Encoder().encode


class Room:
    """The rooms of one socket: `ctx.websocket.room`."""

    __slots__ = ("_rooms", "_socket")

    def __init__(self, rooms: Rooms, socket: WebSocket) -> None:
        self._rooms = rooms
        self._socket = socket

    async def join(self, rooms: str | Iterable[str], handler: RoomHandler | None = None) -> None:
        """
        Enter *rooms*; when this returns, every worker knows it.

        A socket that is closed enters nothing. Closing leaves all rooms.

        Args:
            rooms: one name or several.
            handler: gets `{"room": ..., "message": ...}` in place of the default, which sends
                the message to the socket. Plain or a coroutine function.

        Raises:
            BackplaneAway: Redis did not answer; none of *rooms* is entered.
        """
        await self._rooms.join(self._socket, _names(rooms), handler)

    async def leave(self, rooms: str | Iterable[str]) -> None:
        """Leave *rooms*; a room that was not entered is no error."""
        for name in _names(rooms):
            self._rooms.leave(self._socket, ROOM + name)

    def send_to(self, room: str, data: str | bytes, *, to_self: bool = True) -> None:
        """
        Send *data* to everyone in *room*, on every worker.

        Args:
            room: its name; this socket need not be in it.
            data: text or binary, by its type.
            to_self: whether this socket gets it too, if it is in the room.
        """
        self._rooms.publish(ROOM + room, frames.encode(data), None if to_self else self._socket)

    def send_json_to(self, room: str, data: Any, *, to_self: bool = True) -> None:
        """Send *data* as JSON to everyone in *room*, as `send_to` does."""
        self._rooms.publish(ROOM + room, encode_json(data), None if to_self else self._socket)


class Rooms:
    """
    Who gets what on this worker, and the way to the others.

    Args:
        engine: of this worker.
        topics: the index.
    """

    def __init__(self, engine: Engine, topics: Topics) -> None:
        self.topics = topics
        self.backplane: Backplane
        self._engine = engine

    def of(self, socket: WebSocket) -> Room:
        """Give the rooms of *socket*."""
        return Room(self, socket)

    async def join(self, socket: WebSocket, names: list[str], handler: RoomHandler | None) -> None:
        """Enter rooms, all or none."""
        entered = []
        try:
            for name in names:
                if not socket.open:
                    return
                topic = ROOM + name
                if topic not in (socket.topics or ()):
                    entered.append(topic)
                self.topics.add(topic, socket, handler)
                await self.backplane.settle(topic)
        except BaseException:
            for topic in entered:
                self.leave(socket, topic)
            raise

    def leave(self, socket: WebSocket, topic: str) -> None:
        """Leave a topic."""
        if self.topics.discard(topic, socket):
            self.backplane.note(Change(topic))

    def drop(self, socket: WebSocket) -> None:
        """Take a socket that is gone out of everything."""
        topics, socket.topics = socket.topics, None
        for topic in topics or ():
            last = self.topics.discard(topic, socket)
            # A user's topic is always told: this socket may have been the user's only device.
            if last or user_of(topic) is not None:
                self.backplane.note(Change(topic, drop=socket.id))

    def publish(
        self, topic: str, payload: bytes, skip: WebSocket | None = None, *, droppable: bool = False
    ) -> None:
        """Give *payload*, a frame or a command, to a topic's sockets on every worker but *skip*."""
        self.deliver(topic, payload, skip)
        self.backplane.publish(topic, payload, droppable=droppable)

    def publish_to_users(
        self,
        user_ids: AbstractSet[int],
        payload: bytes,
        skip: WebSocket | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """Give *payload*, a frame, to these users' sockets on every worker but *skip*."""
        self._write(self.topics.of_users(user_ids), payload, skip)
        self.backplane.publish_to_users(user_ids, payload, droppable=droppable)

    def deliver(self, topic: str, payload: bytes, skip: WebSocket | None = None) -> None:
        """Give *payload* to a topic's sockets on this worker, but *skip*."""
        command = decode_command(payload)
        if command is not None:
            for socket in self._find(topic):
                _close(socket, command)
        elif topic.startswith(USERS):
            self._write(self.topics.of_users(users_of(topic)), payload, skip)
        elif self.topics.has_handlers and topic.startswith(ROOM):
            self._hand_over(topic, payload, skip)
        else:
            self._write(self.topics.members(topic), payload, skip)

    def _write(self, sockets: list[WebSocket], payload: bytes, skip: WebSocket | None) -> None:
        """Write a frame; one that is droppable not to sockets that are behind."""
        droppable, rest = split_droppable(payload)
        label, frame = split_label(rest)
        for socket in sockets:
            if socket is skip:
                continue
            if droppable and socket.behind:
                self._engine.counters.dropped += 1
            elif socket.write(frame) and label is not None:
                socket.note(label)

    def _hand_over(self, topic: str, frame: bytes, skip: WebSocket | None) -> None:
        """Give a frame to the handlers that sockets joined a room with, or to the socket."""
        for socket in self.topics.members(topic):
            if socket is skip:
                continue
            handler = self.topics.handler(topic, socket)
            if handler is None:
                socket.write(frame)
            else:
                self._call(handler, topic, frame)

    def _find(self, topic: str) -> list[WebSocket]:
        if not topic.startswith(SOCKET):
            return self.topics.members(topic)
        worker, _, number = topic[len(SOCKET) :].rpartition(":")
        socket = self._engine.sockets.get(int(number)) if worker == self._engine.worker else None
        return [] if socket is None else [socket]

    def _call(self, handler: Callable[..., Any], topic: str, frame: bytes) -> None:
        room = topic[len(ROOM) :]
        event = {"room": room, "message": frames.decode(frame)}
        self._engine.call(handler, f"the handler of room {room}", event)


def close_command(
    code: int, reason: str, data: str | bytes | None, only: dict[str, str | int] | None = None
) -> bytes:
    """Give the command that sends *data* to sockets and then closes them."""
    if not frames.may_be_sent(code):
        raise ValueError(f"{code} is no close code that may be sent.")
    frame = b"" if data is None else frames.encode(data)
    return encode_command(Close(code, reason, frame, only or {}))


def encode_json(data: Any) -> bytes:
    """Give *data* as the frame of a text message."""
    return frames.encode_text(_encode_json(data))


def _close(socket: WebSocket, command: Close) -> None:
    missing = object()
    for name, value in command.only.items():
        if getattr(socket, name, missing) != value:
            return
    if command.frame:
        socket.write(command.frame)
    socket.close(command.code, command.reason)


def _names(rooms: str | Iterable[str]) -> list[str]:
    return [rooms] if isinstance(rooms, str) else list(rooms)
