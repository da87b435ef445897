"""Who is online: users' sockets on this worker, and the word about them to the others."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from .backplane import Change
from .rooms import Rooms, close_command
from .socket import WebSocket
from .topics import user_topic


class Farewell(msgspec.Struct, frozen=True):
    """What a socket gets when another of its user takes its place."""

    data: str | bytes
    """The last message."""
    code: int
    """The close code."""
    reason: str = ""
    """The close reason."""


class Presence:
    """
    Registers users' sockets.

    Args:
        rooms: the way to sockets, here and on other workers.
        one_device: whether a newcomer takes the place of its user's socket.
    """

    def __init__(self, rooms: Rooms, one_device: bool) -> None:
        self._rooms = rooms
        self._one_device = one_device

    async def online(
        self, socket: WebSocket, user_id: int, replaced: Farewell | None = None
    ) -> bool:
        """
        Register *socket* under a user; from here on it misses nothing that is sent to the user.

        Where a user has one device, the newcomer logs out exactly its predecessor, on whichever
        worker: two that come at the same moment do not log each other out.

        Args:
            socket: of this worker.
            user_id: whose it is.
            replaced: what the predecessor gets, where a user has one device.

        Returns:
            False when the socket closed meanwhile: then nothing is left of it.

        Raises:
            BackplaneAway: Redis did not answer; nothing is registered.
        """
        if not socket.open:
            return False
        topic = user_topic(user_id)
        socket.user_id = user_id
        self._rooms.topics.add(topic, socket)
        change = Change(topic)
        if self._one_device and replaced is not None:
            farewell = close_command(replaced.code, replaced.reason, replaced.data)
            change = Change(topic, take=socket.id, farewell=farewell)
        try:
            await self._rooms.backplane.apply(change)
        except BaseException:
            self._forget(socket)
            raise
        return socket.open

    async def offline(self, socket: WebSocket) -> None:
        """
        Take *socket*, and no other, from its user; returns when Redis knows.

        Raises:
            BackplaneAway: Redis did not answer; the socket is forgotten here, Redis learns it
                later.
        """
        change = self._take_out(socket)
        if change is not None:
            await self._rooms.backplane.apply(change)

    async def is_online(self, user_ids: Collection[int]) -> set[int]:
        """
        Tell which of *user_ids* have a socket, on any worker.

        Raises:
            BackplaneAway: Redis did not answer.
        """
        wanted = list(user_ids)
        held = await self._rooms.backplane.held([user_topic(user_id) for user_id in wanted])
        return {user_id for user_id, there in zip(wanted, held, strict=True) if there}

    def _forget(self, socket: WebSocket) -> None:
        change = self._take_out(socket)
        if change is not None:
            self._rooms.backplane.note(change)

    def _take_out(self, socket: WebSocket) -> Change | None:
        if socket.user_id is None:
            return None
        topic = user_topic(socket.user_id)
        socket.user_id = None
        if topic not in (socket.topics or ()):
            return None
        self._rooms.topics.discard(topic, socket)
        return Change(topic, drop=socket.id)
