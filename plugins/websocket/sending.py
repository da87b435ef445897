"""What `app.ws` sends: to rooms, to users, to everybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import frames
from .backplane import as_droppable, with_label
from .engine import Engine
from .rooms import Rooms, close_command, encode_json
from .socket import WebSocket
from .topics import ROOM, user_topic


class Sending:
    """
    The part of `app.ws` that sends.

    Args:
        engine: of this worker.
        rooms: of this worker.
    """

    def __init__(self, engine: Engine, rooms: Rooms) -> None:
        self.rooms = rooms
        self._engine = engine

    def send_to(self, room: str, data: str | bytes, skip: WebSocket | None = None) -> None:
        """
        Send *data* to everyone in *room*, on every worker.

        Args:
            room: its name.
            data: text or binary, by its type.
            skip: a socket of this worker that does not get it.
        """
        self.rooms.publish(ROOM + room, frames.encode(data), skip)

    def send_json_to(self, room: str, data: Any, skip: WebSocket | None = None) -> None:
        """Send *data* as JSON to everyone in *room*, as `send_to` does."""
        self.rooms.publish(ROOM + room, encode_json(data), skip)

    def send_to_user(
        self,
        user_id: int,
        data: str | bytes,
        skip: WebSocket | None = None,
        label: str | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """
        Send *data* to all sockets of a user, on every worker.

        Args:
            user_id: whose.
            data: text or binary, by its type.
            skip: a socket of this worker that does not get it.
            label: what sockets that listen to "arrived" are told when it has; at most 64 KiB.
            droppable: whether it is left out, and counted as dropped, where there is something
                that has to go first: on a socket that did not take what was written before, and
                on the way to other workers while many messages wait.
        """
        payload = _payload(data, label, droppable)
        self.rooms.publish(user_topic(user_id), payload, skip, droppable=droppable)

    def send_to_users(
        self,
        user_ids: Iterable[int],
        data: str | bytes,
        skip: WebSocket | None = None,
        label: str | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """
        Send *data* to all sockets of many users, as `send_to_user` does to those of one.

        It is encoded once, and crosses once to each worker where some of them are.

        Args:
            user_ids: whose; a set is taken as it is, and who stands twice gets it once.
            data: text or binary, by its type.
            skip: a socket of this worker that does not get it.
            label: what sockets that listen to "arrived" are told when it has; at most 64 KiB.
            droppable: whether it is left out where something else has to go first.
        """
        users = user_ids if isinstance(user_ids, (set, frozenset)) else frozenset(user_ids)
        if users:
            payload = _payload(data, label, droppable)
            self.rooms.publish_to_users(users, payload, skip, droppable=droppable)

    def send_to_all(self, data: str | bytes) -> None:
        """Send *data* to every socket of this worker, in a room or not."""
        frame = frames.encode(data)
        for socket in list(self._engine.sockets.values()):
            socket.write(frame)

    def kick(
        self,
        user_id: int,
        code: int,
        reason: str = "",
        *,
        data: str | bytes | None = None,
        **only: str | int,
    ) -> None:
        """
        Close a user's sockets, on every worker.

        Args:
            user_id: whose.
            code: the close code.
            reason: the close reason.
            data: a last message to them.
            only: attributes that a socket must have, such as `session="..."`; without any,
                all of the user's sockets are closed.

        Raises:
            ValueError: the code must not be sent.
        """
        self.rooms.publish(user_topic(user_id), close_command(code, reason, data, only))


def _payload(data: str | bytes, label: str | None, droppable: bool) -> bytes:
    frame = frames.encode(data)
    payload = frame if label is None else with_label(frame, label)
    return as_droppable(payload) if droppable else payload
