"""One user's socket, and the seed's way of chatting beside it over HTTP."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Annotated

import msgspec

from controllers.api.chat import frames, requests
from extend.context import Context
from services.delivery import encode_push
from yolk import Controller


class Undelivered(msgspec.Struct):
    """How much of what lies waiting."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500


class ChatwebsocketController(Controller[Context]):
    """One user's open socket: its messages in, its close."""

    async def connect(self) -> None:
        """Serve an open socket. It is registered: from here on it misses nothing."""
        ctx = self.ctx
        if not ctx.websocket:
            return ctx.api_fail("非法访问")
        # Listen for messages, and for the close.
        ctx.websocket.on("message", self.receive).on("close", self.leave)
        # For a client that only listens, the heartbeat's pong says what arrived.
        ctx.websocket.on("arrived", self.arrived)
        limits = ctx.app.config.websocket
        ctx.websocket.send(
            encode_push(
                "connected",
                {
                    "socket": ctx.websocket.id,
                    "server_time": time.time_ns() // 1_000_000,
                    "heartbeat_ms": int(limits.heartbeat * 1000),
                    "max_message_size": limits.max_message_size,
                },
            )
        )

    def receive(self, message: str | bytes) -> Awaitable[None] | None:
        """Answer one frame."""
        return requests.receive(self.ctx, message)

    async def arrived(self, labels: list[str]) -> None:
        """Move the delivered cursor, unless the client does it itself."""
        if not self.ctx.says_delivered:
            await self.ctx.service.message.arrived(self.ctx.user.id, labels)

    def leave(self, code: int, reason: str) -> None:
        """Take note of the close. The link `register` takes the user off line."""
        self.ctx.logger.debug("user %s left: %d %s", self.ctx.user.id, code, reason)

    async def send(self) -> None:
        """Send a message over HTTP; the answer says that it is committed."""
        asked = self.ctx.read(frames.Send)
        stored = await self.ctx.service.message.send(requests.draft(self.ctx, asked))
        self.ctx.api_success(stored.message)

    async def recall(self) -> None:
        """Take back a message of one's own; everybody is told."""
        asked = self.ctx.read(frames.Recall)
        self.ctx.api_success(await self.ctx.service.recall.recall(self.ctx.user.id, asked.id))

    async def getmessage(self) -> None:
        """Get what others wrote while one was away; the delivered cursor moves past it."""
        asked = self.ctx.read(Undelivered)
        waiting = await self.ctx.service.message.undelivered(self.ctx.user.id, asked.limit)
        self.ctx.api_success(waiting)
