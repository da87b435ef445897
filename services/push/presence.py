"""Who is online, for clients that watch other users."""

from __future__ import annotations

from collections.abc import Callable, Collection

from services import Service
from services.errors import InvalidData
from services.push.delivery import encode_push
from yolk import WebSocketServer

MAX_WATCHED = 5000
"""Users that one socket watches."""


class PresenceService(Service):
    """The users that a socket watches."""

    async def watch(self, user_ids: Collection[int]) -> set[int]:
        """
        Push to this socket, from now on, when one of these users goes online or offline.

        Returns:
            those of them who are online.

        Raises:
            InvalidData: the socket would watch more than `MAX_WATCHED`; then none is added.
        """
        ctx = self.ctx
        watched = ctx.watched.union(user_ids)
        if len(watched) > MAX_WATCHED:
            raise InvalidData(f"users: a socket watches at most {MAX_WATCHED} users")
        # Join first, then look: no change falls in between.
        await ctx.websocket.room.join([_room(user_id) for user_id in user_ids])
        ctx.watched = watched
        return await ctx.app.ws.is_online(user_ids)


def presence_announcer(sockets: WebSocketServer, *, online: bool) -> Callable[[int], None]:
    """Return the function that pushes to those who watch a user that it is online, or offline."""

    def announce(user_id: int) -> None:
        data = {"user_id": user_id, "online": online}
        sockets.send_to(_room(user_id), encode_push("presence", data))

    return announce


def _room(user_id: int) -> str:
    return f"presence:{user_id}"
