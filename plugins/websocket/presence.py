"""Presence: the sockets of users, and which users are online on any worker."""

from __future__ import annotations

from collections.abc import Collection

from yolk import CloseNotice

from .backplane.interface import Backplane, Change
from .sender import close_command
from .socket import WebSocket
from .topics import Topics, user_topic


class Presence:
    """
    The register of users' sockets.

    Args:
        topics: the index of this worker's sockets.
        backplane: the other workers.
        one_device: whether a new socket takes the place of its user's previous one.
    """

    def __init__(self, topics: Topics, backplane: Backplane, one_device: bool) -> None:
        self._topics = topics
        self._backplane = backplane
        self._one_device = one_device

    async def online(
        self, socket: WebSocket, user_id: int, replaced: CloseNotice | None = None
    ) -> bool:
        """
        Register *socket* under a user; from now on it misses nothing that is sent to the user.

        Where a user has one device, the new socket disconnects exactly its predecessor, on
        whichever worker: two that connect at the same moment do not disconnect each other.

        Args:
            socket: of this worker.
            user_id: the user.
            replaced: what the predecessor is sent, where a user has one device.

        Returns:
            False when the socket closed meanwhile; then it is not registered.

        Raises:
            BackplaneUnavailable: Redis did not answer; nothing is registered.
        """
        if not socket.open:
            return False
        topic = user_topic(user_id)
        socket.user_id = user_id
        self._topics.add(topic, socket)
        socket.rank = self._topics.count(topic)
        change = Change(topic)
        if self._one_device and replaced is not None:
            notice = close_command(replaced.code, replaced.reason, replaced.data)
            change = Change(topic, take=socket.id, notice=notice)
        try:
            socket.rank += await self._backplane.apply(change)
        except BaseException:
            undo = self._remove(socket)
            if undo is not None:
                self._backplane.apply_soon(undo)
            raise
        return socket.open

    async def offline(self, socket: WebSocket) -> None:
        """
        Unregister *socket*, and no other, from its user; returns when Redis knows.

        Raises:
            BackplaneUnavailable: Redis did not answer; the socket is removed here, Redis is
                notified later.
        """
        change = self._remove(socket)
        if change is not None:
            await self._backplane.apply(change)

    async def is_online(self, user_ids: Collection[int]) -> set[int]:
        """
        Return those of *user_ids* that have a socket, on any worker.

        Raises:
            BackplaneUnavailable: Redis did not answer.
        """
        users = list(user_ids)
        online = await self._backplane.subscribed([user_topic(user_id) for user_id in users])
        return {user_id for user_id, is_online in zip(users, online, strict=True) if is_online}

    def _remove(self, socket: WebSocket) -> Change | None:
        if socket.user_id is None:
            return None
        topic = user_topic(socket.user_id)
        socket.user_id = None
        if topic not in (socket.topics or ()):
            return None
        self._topics.discard(topic, socket)
        return Change(topic, drop=socket.id)
