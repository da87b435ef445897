"""What `app.ws` sends: to rooms, to users, to all sockets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from yolk import Label

from .backplane.payload import Close, Message
from .engine import Engine
from .rfc6455 import frames
from .rooms import Rooms
from .socket import WebSocket
from .topics import ROOM, user_topic


class Sender:
    """
    The part of `app.ws` that sends; `yolk.contracts.WebSocketServer` describes its arguments.

    Args:
        engine: of this worker.
        rooms: of this worker.
    """

    def __init__(self, engine: Engine, rooms: Rooms) -> None:
        self.rooms = rooms
        self._engine = engine

    def send_to(self, room: str, data: str | bytes, skip: WebSocket | None = None) -> None:
        """Send *data* to every socket in *room*, on every worker."""
        self.rooms.publish(ROOM + room, Message(frames.encode(data)), skip)

    def send_json_to(self, room: str, data: Any, skip: WebSocket | None = None) -> None:
        """Send *data* as JSON to every socket in *room*, as `send_to` does."""
        self.rooms.publish(ROOM + room, Message(frames.encode_json(data)), skip)

    def send_to_user(
        self,
        user_id: int,
        data: str | bytes,
        skip: WebSocket | None = None,
        label: Label | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """Send *data* to all sockets of a user, on every worker."""
        message = Message(frames.encode(data), label, droppable)
        self.rooms.publish(user_topic(user_id), message, skip)

    def send_to_users(
        self,
        user_ids: Iterable[int],
        data: str | bytes,
        skip: WebSocket | None = None,
        label: Label | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """Encode *data* once, and send it to all sockets of many users."""
        users = user_ids if isinstance(user_ids, (set, frozenset)) else frozenset(user_ids)
        if users:
            message = Message(frames.encode(data), label, droppable)
            self.rooms.publish_to_users(users, message, skip)

    def send_to_all(self, data: str | bytes) -> None:
        """Send *data* to every socket of this worker, in a room or not."""
        message = Message(frames.encode(data))
        for socket in list(self._engine.sockets.values()):
            socket.push(message)

    def kick(
        self,
        user_id: int,
        code: int,
        reason: str = "",
        *,
        data: str | bytes | None = None,
        **only: str | int | None,
    ) -> None:
        """Close those of a user's sockets that have the attributes *only*, on every worker."""
        self.rooms.publish(user_topic(user_id), close_command(code, reason, data, only))


def close_command(
    code: int,
    reason: str,
    data: str | bytes | None,
    only: dict[str, str | int | None] | None = None,
) -> Close:
    """
    Return the command that sends *data* to sockets and then closes them.

    Raises:
        ValueError: the code must not be sent.
    """
    frames.check_code(code)
    return Close(code, reason, b"" if data is None else frames.encode(data), only or {})
