"""Who sees whom come and go."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from services.errors import InvalidData
from services.push.delivery import encode_push
from yolk import WebSocket, WebSocketServer

MOST = 5000
"""People whom one socket sees at most."""


async def watch(
    sockets: WebSocketServer, websocket: WebSocket, users: Collection[int], seen: Collection[int]
) -> set[int]:
    """
    Let a socket see who of *users* is online, now and whenever it changes.

    Args:
        sockets: all of them.
        websocket: who wants to see.
        users: whom.
        seen: whom the socket sees already.

    Returns:
        those of *users* who are online.

    Raises:
        InvalidData: these would be more than `MOST`; then nobody is added.
    """
    if len({*users, *seen}) > MOST:
        raise InvalidData(f"users: a socket sees {MOST} people at most")
    # Enter first, then look: no change falls in between.
    await websocket.room.join([_room(user_id) for user_id in users])
    return await sockets.is_online(users)


def announce(sockets: WebSocketServer, *, online: bool) -> Callable[[int], Any]:
    """Give what tells those who watch a user that the user came or went."""

    def tell(user_id: int) -> None:
        data = {"user_id": user_id, "online": online}
        sockets.send_to(_room(user_id), encode_push("presence", data))

    return tell


def _room(user_id: int) -> str:
    return f"presence:{user_id}"
