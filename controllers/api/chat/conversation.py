"""Conversations over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from controllers.api.chat import frames
from extend.context import Context
from services import permissions
from services.conversation.conversation import Marks
from services.conversation.history import Page
from services.conversation.overview import Overview, Place, Unread
from services.conversation.readers import Readers
from services.errors import Busy, InvalidData, NoConversation, NoMessage
from yolk import Controller, describe


class Index(msgspec.Struct):
    """A page of the list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 200
    before: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """The `place` of the last conversation of the page before."""
    hidden: bool = False
    """List the hidden conversations instead."""


class Switch(msgspec.Struct):
    """A mark of a conversation, to be set or removed."""

    conv: frames.Conv
    on: bool


class Hide(msgspec.Struct):
    """A conversation to hide, or to list again."""

    conv: frames.Conv
    on: bool = True


class ConversationController(Controller[Context]):
    """A controller for the list of conversations, their marks, cursors and history."""

    section = "Conversations"
    section_summary = "The list of chats: pin, mute, archive, and get the history."

    @permissions.allows(permissions.USERS)
    @describe(query=Index, answer=list[Overview])
    async def index(self) -> None:
        """List your conversations: first the pinned ones, then the others, the latest first."""
        query = self.ctx.read(Index, self.ctx.query)
        try:
            after = None if query.before is None else Place.of(query.before)
        except ValueError:
            raise InvalidData("before: no place of a list") from None
        overview = await self.ctx.service.conversation.overview(
            self.ctx.user.id, query.limit, after, hidden=query.hidden
        )
        self.ctx.api_success(overview)

    @permissions.allows(permissions.USERS)
    @describe(answer=Unread)
    async def unread(self) -> None:
        """Count your unread messages."""
        self.ctx.api_success(await self.ctx.service.conversation.unread(self.ctx.user.id))

    @permissions.allows(permissions.MEMBERS)
    @describe(body=Switch, answer=Marks, errors=(NoConversation,))
    async def pin(self) -> None:
        """Pin a conversation to the top of the list, or unpin it."""
        body = self.ctx.read(Switch)
        marks = await self.ctx.service.conversation.pin(self.ctx.user.id, body.conv, on=body.on)
        self.ctx.api_success(marks)

    @permissions.allows(permissions.MEMBERS)
    @describe(body=Switch, answer=Marks, errors=(NoConversation,))
    async def quiet(self) -> None:
        """Mute the notifications of a conversation, or unmute them."""
        body = self.ctx.read(Switch)
        marks = await self.ctx.service.conversation.quiet(self.ctx.user.id, body.conv, on=body.on)
        self.ctx.api_success(marks)

    @permissions.allows(permissions.MEMBERS)
    @describe(body=Hide, answer=Marks, errors=(NoConversation,))
    async def hide(self) -> None:
        """Hide a conversation until there is a new message in it, or list it again."""
        body = self.ctx.read(Hide)
        marks = await self.ctx.service.conversation.hide(self.ctx.user.id, body.conv, on=body.on)
        self.ctx.api_success(marks)

    @permissions.allows(permissions.MEMBERS)
    @describe(body=frames.Cursor, errors=(NoConversation, Busy))
    async def delivered(self) -> None:
        """Confirm that all messages up to a seq were delivered."""
        body = self.ctx.read(frames.Cursor)
        await self.ctx.service.conversation.cursors.delivered(self.ctx.user.id, body.conv, body.seq)
        self.ctx.api_success({})

    @permissions.allows(permissions.MEMBERS)
    @describe(body=frames.Cursor, errors=(NoConversation, Busy))
    async def read(self) -> None:
        """Confirm that all messages up to a seq were read."""
        body = self.ctx.read(frames.Cursor)
        await self.ctx.service.conversation.cursors.read(self.ctx.user.id, body.conv, body.seq)
        self.ctx.api_success({})

    @permissions.allows(permissions.MEMBERS)
    @describe(body=frames.ReadersOf, answer=Readers, errors=(NoMessage,))
    async def readers(self) -> None:
        """List the users who have read a message."""
        body = self.ctx.read(frames.ReadersOf)
        found = await self.ctx.service.conversation.readers.of(
            self.ctx.user.id, body.id, body.after, body.limit
        )
        self.ctx.api_success(found)

    @permissions.allows(permissions.MEMBERS)
    @describe(query=frames.Pull, answer=Page, errors=(NoConversation,))
    async def history(self) -> None:
        """Get a page of a conversation, by seq."""
        query = self.ctx.read(frames.Pull, self.ctx.query)
        page = await self.ctx.service.conversation.history.page(
            self.ctx.user.id,
            query.conv,
            before=query.before,
            after=query.after,
            limit=query.limit,
        )
        self.ctx.api_success(page)
