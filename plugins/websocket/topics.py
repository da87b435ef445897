"""An index from topic to the sockets of this worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .socket import WebSocket

RoomHandler = Callable[[dict[str, Any]], Any]

USER = "user:"
ROOM = "room:"
SOCKET = "socket:"
"""Prefixes of topics: a user's sockets, a room's sockets, one socket by its id."""

USERS = "users:"
"""Prefix of a name for the topics of many users, which is no topic itself: `users:[1,2,3]`."""

_NO_HANDLERS: Mapping[WebSocket, RoomHandler] = {}

_encode_ids = msgspec.json.Encoder().encode
_decode_ids = msgspec.json.Decoder(frozenset[int]).decode


def user_topic(user_id: int) -> str:
    """Return the topic of a user's sockets."""
    return f"{USER}{user_id}"


def user_of(topic: str) -> int | None:
    """Return the user whose topic this is, or None."""
    return int(topic[len(USER) :]) if topic.startswith(USER) else None


def users_topic(user_ids: AbstractSet[int]) -> str:
    """Return a name for the topics of many users; of one user, the topic itself."""
    if len(user_ids) == 1:
        return user_topic(next(iter(user_ids)))
    return USERS + _encode_ids(user_ids).decode()


def users_of(topic: str) -> frozenset[int]:
    """Return the users that `users_topic` named."""
    return _decode_ids(topic[len(USERS) :])


class Topics:
    """
    The index. The cost of a message depends on its recipients, never on all connections.

    A topic is in it exactly while a socket of this worker is in the topic.
    """

    def __init__(self) -> None:
        self.users: dict[int, set[WebSocket]] = {}
        """User id to that user's sockets: the same sets as under the users' topics."""
        self._members: dict[str, set[WebSocket]] = {}
        self._handlers: dict[str, dict[WebSocket, RoomHandler]] = {}
        """Topic to the handlers of those of its sockets that joined with one."""

    def __contains__(self, topic: str) -> bool:
        return topic in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def members(self, topic: str) -> list[WebSocket]:
        """Return the sockets in *topic*, as a list that joining and leaving does not change."""
        return list(self._members.get(topic, ()))

    def count(self, topic: str) -> int:
        """Return how many sockets are in *topic*."""
        return len(self._members.get(topic, ()))

    def of_users(self, user_ids: AbstractSet[int]) -> list[WebSocket]:
        """Return the sockets of these users, in time linear in the smaller set of users."""
        users = self.users
        if len(users) < len(user_ids):
            found = [sockets for user_id, sockets in users.items() if user_id in user_ids]
        else:
            found = [users[user_id] for user_id in user_ids if user_id in users]
        return [socket for sockets in found for socket in sockets]

    def handlers(self, topic: str) -> Mapping[WebSocket, RoomHandler]:
        """Return the handlers of those sockets that joined *topic* with one."""
        return self._handlers.get(topic, _NO_HANDLERS)

    def add(self, topic: str, socket: WebSocket, handler: RoomHandler | None = None) -> None:
        """Add *socket* to *topic*; a later handler replaces an earlier one."""
        members = self._members.get(topic)
        if members is None:
            members = self._members[topic] = set()
            user_id = user_of(topic)
            if user_id is not None:
                self.users[user_id] = members
        members.add(socket)
        if socket.topics is None:
            socket.topics = set()
        socket.topics.add(topic)
        if handler is not None:
            self._handlers.setdefault(topic, {})[socket] = handler
        elif self._handlers:
            self._remove_handler(topic, socket)

    def discard(self, topic: str, socket: WebSocket) -> bool:
        """
        Remove *socket* from *topic*, if it is in it.

        Returns:
            True when it was the last socket in it: the topic is gone.
        """
        members = self._members.get(topic)
        if members is None or socket not in members:
            return False
        members.discard(socket)
        if socket.topics is not None:
            socket.topics.discard(topic)
        if self._handlers:
            self._remove_handler(topic, socket)
        if members:
            return False
        del self._members[topic]
        user_id = user_of(topic)
        if user_id is not None:
            del self.users[user_id]
        return True

    def _remove_handler(self, topic: str, socket: WebSocket) -> None:
        handlers = self._handlers.get(topic)
        if handlers is not None:
            handlers.pop(socket, None)
            if not handlers:
                del self._handlers[topic]
