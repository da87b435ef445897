"""A user's socket, and the same requests over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

import msgspec

from controllers.api.chat import frames, requests
from extend.context import Context
from models.columns import milliseconds
from services import permissions
from services.conversation.sync import Synced
from services.errors import (
    AllMuted,
    AwaitingReply,
    Blocked,
    Busy,
    CidReused,
    MentionsAll,
    Muted,
    NoFile,
    NoForward,
    NoGroup,
    NoMention,
    NoMessage,
    NoRecipient,
    NoReply,
    NoSuchPerson,
    NotPermitted,
    NotStorable,
    NotText,
    RefusedByPlugin,
    StrangersRefused,
    TooLate,
    TooLateToEdit,
    TooManySends,
    TooManyStrangers,
    TooManyToStrangers,
    TooManyTyping,
    TooManyWatched,
    TypeRefused,
)
from services.limits.allowance import SocketAllowance
from services.push.delivery import encode_push
from services.wire import WireMessage
from yolk import Controller, Label, describe, sends_first


class Undelivered(msgspec.Struct):
    """The number of undelivered messages, and who acknowledges them."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500
    ack: bool = False
    """Whether the client itself sends `delivered` once it has the answer."""


SENDS_TOO_FAST = 4013

SEND_ERRORS = (
    *(NoRecipient, Blocked, StrangersRefused, AwaitingReply, NoGroup, Muted, AllMuted),
    *(NoReply, NoForward, NoMention, MentionsAll, NoFile, TypeRefused, NoSuchPerson),
    *(CidReused, RefusedByPlugin, NotStorable, TooManySends),
    *(TooManyStrangers, TooManyToStrangers, Busy),
)
"""What `send` answers if the message is refused."""


class ChatwebsocketController(Controller[Context]):
    """A user's open socket, and the same requests over HTTP."""

    section = "Messages"
    section_summary = "Send, read, edit and recall messages, as over the socket."

    _allowance: SocketAllowance | None = None
    """Made with the first frame: a socket that sends nothing has none."""

    @permissions.allows(permissions.USERS)
    @sends_first
    async def connect(self) -> None:
        """Serve an open socket. It is registered already: it misses nothing from here on."""
        ctx = self.ctx
        if not ctx.websocket:
            return ctx.api_fail("非法访问")
        ctx.websocket.on("message", self.receive).on("close", self.leave)
        # For clients that only listen, the pong of the heartbeat proves what arrived.
        ctx.websocket.on("arrived", self.arrived)
        limits = ctx.app.config.websocket
        ctx.websocket.send(
            encode_push(
                "connected",
                {
                    "socket": ctx.websocket.id,
                    "server_time": milliseconds(),
                    "heartbeat_ms": int(limits.heartbeat * 1000),
                    "max_message_size": limits.max_message_size,
                },
            )
        )
        ctx.app.token_expiry.connected(ctx)

    def receive(self, message: str | bytes) -> Awaitable[None] | None:
        """Answer one frame."""
        ctx = self.ctx
        allowance = self._allowance
        if allowance is None:
            app = ctx.app
            allowance = SocketAllowance(app.frame_buckets, app.byte_buckets, ctx.user.id)
            self._allowance = allowance
        if not allowance.take(len(message)):
            ctx.websocket.close(SENDS_TOO_FAST, "sends too fast")
            return None
        return requests.receive(ctx, message)

    async def arrived(self, labels: list[Label]) -> None:
        """Move the delivered cursor, unless the client itself does."""
        if not self.ctx.says_delivered:
            await self.ctx.service.conversation.cursors.arrived(self.ctx.user.id, labels)

    def leave(self, code: int, reason: str) -> None:
        """Log the close. The middleware `register` sets the user offline."""
        self.ctx.logger.debug("user %s left: %d %s", self.ctx.user.id, code, reason)

    @permissions.allows(*permissions.SEND)
    @describe(body=frames.Send, answer=WireMessage, errors=SEND_ERRORS)
    async def send(self) -> None:
        """Send a message; the answer follows the commit."""
        asked = self.ctx.read(frames.Send, frames.known_fields(self.ctx.request.body))
        stored = await self.ctx.service.message.send(asked.draft(self.ctx.user.id))
        self.ctx.api_success(stored.message)

    @permissions.allows(*permissions.RECALL)
    @describe(body=frames.Recall, answer=WireMessage, errors=(NoMessage, NotPermitted, TooLate))
    async def recall(self) -> None:
        """Recall a message; the members of the conversation are notified."""
        asked = self.ctx.read(frames.Recall)
        self.ctx.api_success(await self.ctx.service.message.recall(self.ctx.user.id, asked.id))

    @permissions.allows(*permissions.EDIT)
    @describe(
        body=frames.Edit,
        answer=WireMessage,
        errors=(NoMessage, NotText, TooLateToEdit, Muted, AllMuted, Blocked, RefusedByPlugin),
    )
    async def edit(self) -> None:
        """Edit the text of your own message; the members of the conversation are notified."""
        asked = self.ctx.read(frames.Edit)
        edited = await self.ctx.service.message.edit(self.ctx.user.id, asked.id, asked.data)
        self.ctx.api_success(edited)

    @permissions.allows(permissions.USERS)
    @describe(body=Undelivered, answer=list[WireMessage], errors=(Busy,))
    async def getmessage(self) -> None:
        """Get undelivered messages; the delivered cursor moves past them."""
        asked = self.ctx.read(Undelivered)
        undelivered = await self.ctx.service.conversation.history.undelivered(
            self.ctx.user.id, asked.limit, ack=asked.ack
        )
        self.ctx.api_success(undelivered)

    @permissions.allows(permissions.SYNC)
    @describe(body=frames.Resume, answer=Synced)
    async def sync(self) -> None:
        """Get what a client has missed since the cursors that it has."""
        asked = self.ctx.read(frames.Resume)
        synced = await self.ctx.service.conversation.sync.missed(
            self.ctx.user.id, asked.cursors, asked.limit, asked.page
        )
        self.ctx.api_success(synced)

    @permissions.allows(*permissions.TYPING)
    @describe(body=frames.Typing, errors=(NoGroup, TooManyTyping))
    async def typing(self) -> None:
        """Show the recipients that you are typing."""
        asked = self.ctx.read(frames.Typing, frames.known_fields(self.ctx.request.body))
        await self.ctx.service.push.typing_indicator.show(
            self.ctx.user.id, asked.to_id, asked.chat_type
        )
        self.ctx.api_success({})

    @permissions.allows(permissions.PRESENCE)
    @describe(body=frames.Watch, answer=frames.Online, errors=(TooManyWatched,))
    async def presence(self) -> None:
        """Get who is online now; over a socket you are also notified of changes."""
        asked = self.ctx.read(frames.Watch)
        online = await self.ctx.service.push.presence.online(asked.users)
        self.ctx.api_success(frames.Online(sorted(online)))
