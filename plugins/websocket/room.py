"""The rooms of one socket: `ctx.websocket.room`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .backplane.payload import Message
from .rfc6455 import frames
from .topics import ROOM, RoomHandler

if TYPE_CHECKING:
    from .rooms import Rooms
    from .socket import WebSocket


class Room:
    """The rooms of one socket."""

    __slots__ = ("_rooms", "_socket")

    def __init__(self, rooms: Rooms, socket: WebSocket) -> None:
        self._rooms = rooms
        self._socket = socket

    async def join(self, rooms: str | Iterable[str], handler: RoomHandler | None = None) -> None:
        """
        Join *rooms*; when this returns, every worker knows it.

        A closed socket joins nothing. Closing leaves all rooms.

        Args:
            rooms: one name or several.
            handler: called with `{"room": ..., "message": ...}` in place of the default, which
                sends the message to the socket. A plain or a coroutine function.

        Raises:
            BackplaneUnavailable: Redis did not answer; none of *rooms* is joined.
        """
        await self._rooms.join(self._socket, _names(rooms), handler)

    async def leave(self, rooms: str | Iterable[str]) -> None:
        """Leave *rooms*; leaving a room that was not joined is no error."""
        self._rooms.leave(self._socket, _names(rooms))

    def send_to(self, room: str, data: str | bytes, *, to_self: bool = True) -> None:
        """
        Send *data* to every socket in *room*, on every worker.

        Args:
            room: its name; this socket need not be in it.
            data: text or binary, by its type.
            to_self: whether this socket gets it too, if it is in the room.
        """
        message = Message(frames.encode(data))
        self._rooms.publish(ROOM + room, message, None if to_self else self._socket)

    def send_json_to(self, room: str, data: Any, *, to_self: bool = True) -> None:
        """Send *data* as JSON to every socket in *room*, as `send_to` does."""
        message = Message(frames.encode_json(data))
        self._rooms.publish(ROOM + room, message, None if to_self else self._socket)


def _names(rooms: str | Iterable[str]) -> list[str]:
    return [rooms] if isinstance(rooms, str) else list(rooms)
