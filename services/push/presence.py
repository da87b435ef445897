"""The presence of users, shown by their preferences, and pushes to clients that watch users."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import msgspec

from services import Service
from services.contact.sql import read_views
from services.database import Database
from services.errors import TooManyWatched
from services.load.monitor import LoadMonitor
from services.load.postponed import Postponed
from services.push.delivery import encode_push
from yolk import WebSocketServer
from yolk.concurrency import cancel_task, create_detached_task

if TYPE_CHECKING:
    from services import Context

MAX_PAIRS = 500
"""Pairs of a socket and a user that it watches that are checked with one query."""

RETRY_SECONDS = 1.0
"""How long to wait after a check that failed."""

RULES_ROOM = "presence-rules"
"""The room in which workers are notified that a user's presence is shown to other users."""


class PresenceService(Service):
    """The presence of users, as the user who asks may see it."""

    async def online(self, user_ids: Collection[int]) -> set[int]:
        """
        Return those users who are online and show it to this user.

        Raises:
            TooManyWatched: the user asks too often.
        """
        app, user_id = self.ctx.app, self.ctx.user.id
        self._count(user_ids)
        online = await app.ws.is_online(user_ids) if user_ids else set()
        views = await read_views(
            app.orm.connection, app.orm.dialect, [(user_id, one) for one in online]
        )
        return {one for one in online if views[user_id, one].presence}

    async def watch(self, user_ids: Collection[int]) -> set[int]:
        """
        Subscribe this socket to the presence of these users.

        Users who do not show their presence to this user are offline for this socket.

        Returns:
            those of them that are online now.

        Raises:
            TooManyWatched: the socket would watch too many users, or the user asks too often; then
                none is added.
        """
        ctx = self.ctx
        if len(ctx.watched.union(user_ids)) > ctx.app.config.chat.watched_users:
            raise TooManyWatched
        self._count(user_ids)
        return await ctx.app.presence.watch(ctx, frozenset(user_ids))

    def _count(self, user_ids: Collection[int]) -> None:
        if wait := self.ctx.app.presence_buckets.take(self.ctx.user.id, len(user_ids)):
            raise TooManyWatched(wait)


class PresenceWatch:
    """
    The sockets of this worker that watch users.

    A socket is in the room of each user whose presence it may see. So a change of presence is
    pushed without a check. What a socket may see is checked when it begins to watch, and again on
    every worker when a user blocks another one or changes the preference.

    Args:
        database: has the preferences and who blocks whom.
        sockets: the server of all sockets.
        logger: for checks that fail.
    """

    def __init__(
        self, database: Database, sockets: WebSocketServer, logger: logging.Logger
    ) -> None:
        self._database = database
        self._sockets = sockets
        self._logger = logger
        self._unavailable: tuple[type[BaseException], ...] = (
            *database.unavailable_errors,
            ConnectionError,
        )
        self._requests = 0
        """How many times checks were requested."""
        self._waiting: dict[Context, set[int]] = {}
        """The watched users to check, by the context of the socket."""
        self._task: asyncio.Task[None] | None = None

    async def watch(self, ctx: Context, user_ids: frozenset[int]) -> set[int]:
        """
        Subscribe a socket to the presence of these users.

        Returns:
            those of them that are online and show it.
        """
        requests, before = self._requests, ctx.watched
        ctx.watched = before | user_ids  # before the check: later changes of the rules find them
        try:
            visible = await self._visible([(ctx, one) for one in user_ids])
            shown = frozenset(one for one in user_ids if (ctx, one) in visible)
            # Join first, then read: no change is lost in between.
            await ctx.websocket.room.join([_room(one) for one in shown])
            online = await self._sockets.is_online(shown)
        except BaseException:
            ctx.watched = before
            await ctx.websocket.room.leave([_room(one) for one in user_ids - before])
            raise
        hidden = user_ids - shown
        await ctx.websocket.room.leave([_room(one) for one in hidden])
        ctx.hidden = (ctx.hidden | hidden) - shown
        if self._requests != requests:
            self._check([(ctx, user_ids)])
        return online

    def rules_changed(self, user_id: int, viewer_id: int | None = None) -> None:
        """
        Check again, on every worker, to whom a user's presence is shown.

        Args:
            user_id: the user.
            viewer_id: only for this other user; None for all.
        """
        self._sockets.send_to(RULES_ROOM, msgspec.json.encode([user_id, viewer_id]).decode())

    def check(self, event: dict[str, Any]) -> None:
        """Check again to which sockets of this worker a user's presence is shown."""
        user_id, viewer_id = msgspec.json.decode(event["message"])
        self._check(
            (ctx, {user_id})
            for ctx in self._sockets.clients
            if user_id in ctx.watched and viewer_id in {None, ctx.user.id}
        )

    def check_all(self) -> None:
        """Check all sockets of this worker: it may have missed a change of the rules."""
        self._check((ctx, ctx.watched) for ctx in self._sockets.clients if ctx.watched)

    async def close(self) -> None:
        """Stop checking."""
        await cancel_task(self._task)

    def _check(self, watching: Iterable[tuple[Context, AbstractSet[int]]]) -> None:
        self._requests += 1
        for ctx, user_ids in watching:
            self._waiting.setdefault(ctx, set()).update(user_ids)
        if self._waiting and self._task is None:
            self._task = create_detached_task(self._run())

    async def _run(self) -> None:
        """Check what waits, many pairs in one query; retry while the database is unavailable."""
        try:
            while self._waiting:
                pairs: list[tuple[Context, int]] = []
                while self._waiting and len(pairs) < MAX_PAIRS:
                    ctx, user_ids = self._waiting.popitem()
                    pairs += [(ctx, one) for one in user_ids if ctx.websocket.open]
                try:
                    await self._apply(pairs)
                except self._unavailable as error:
                    self._logger.error("checking who sees the presence of users failed: %s", error)
                    for ctx, user_id in pairs:
                        self._waiting.setdefault(ctx, set()).add(user_id)
                    await asyncio.sleep(RETRY_SECONDS)
                except Exception:  # the boundary of one check
                    self._logger.exception("checking who sees the presence of users failed")
        finally:
            self._task = None

    async def _apply(self, pairs: Sequence[tuple[Context, int]]) -> None:
        """Join and leave rooms, and push what a socket sees of users who are online."""
        visible = await self._visible(pairs)
        changed = [pair for pair in pairs if (pair in visible) == (pair[1] in pair[0].hidden)]
        for ctx, user_id in changed:
            if (ctx, user_id) in visible:
                await ctx.websocket.room.join(_room(user_id))
            else:
                await ctx.websocket.room.leave(_room(user_id))
        online = await self._sockets.is_online({user_id for _, user_id in changed})
        for ctx, user_id in changed:
            is_shown = (ctx, user_id) in visible
            ctx.hidden = ctx.hidden - {user_id} if is_shown else ctx.hidden | {user_id}
            if user_id in online:
                ctx.websocket.send(_presence(user_id, online=is_shown))

    async def _visible(self, pairs: Sequence[tuple[Context, int]]) -> set[tuple[Context, int]]:
        """Return those pairs of a socket and a user whose presence it is shown."""
        views = await read_views(
            self._database.connection,
            self._database.dialect,
            [(ctx.user.id, user_id) for ctx, user_id in pairs],
        )
        return {pair for pair in pairs if views[pair[0].user.id, pair[1]].presence}


class PresenceAnnouncer:
    """
    Notifies the sockets that watch a user of its presence: at once, or when the worker is calm.

    Args:
        sockets: the server of all sockets.
        load: of this worker.
        logger: for failures.
    """

    def __init__(self, sockets: WebSocketServer, load: LoadMonitor, logger: logging.Logger) -> None:
        self._sockets = sockets
        self._postponed: Postponed[int, int] = Postponed(
            load, self._announce_current, (ConnectionError,), logger
        )

    def online(self, user_id: int) -> None:
        """Announce that a user is online."""
        self._announce(user_id, online=True)

    def offline(self, user_id: int) -> None:
        """Announce that a user is offline."""
        self._announce(user_id, online=False)

    async def close(self) -> None:
        """Announce what waits."""
        await self._postponed.close()

    def _announce(self, user_id: int, *, online: bool) -> None:
        if not self._postponed.put({user_id: user_id}):
            self._send(user_id, online=online)

    async def _announce_current(self, user_ids: Sequence[int]) -> None:
        """Announce the presence that users have now, and once more what has changed meanwhile."""
        sent: dict[int, bool] = {}
        for _ in range(2):
            online = await self._sockets.is_online(user_ids)
            for user_id in user_ids:
                is_online = user_id in online
                if sent.get(user_id) is not is_online:
                    self._send(user_id, online=is_online)
                    sent[user_id] = is_online

    def _send(self, user_id: int, *, online: bool) -> None:
        self._sockets.send_to(_room(user_id), _presence(user_id, online=online))


def _presence(user_id: int, *, online: bool) -> str:
    return encode_push("presence", {"user_id": user_id, "online": online})


def _room(user_id: int) -> str:
    return f"presence:{user_id}"
