"""Conversations over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from controllers.api.chat import frames
from extend.context import Context
from services.conversation.conversation import Marks
from services.conversation.history import Page
from services.conversation.overview import Overview, Place, Unread
from services.conversation.readers import Readers
from services.errors import Busy, InvalidData, NoConversation, NoMessage
from yolk import Controller, describe


class Index(msgspec.Struct):
    """Which piece of the list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 200
    before: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """The `place` of the last conversation that one has."""


class Switch(msgspec.Struct):
    """What to switch on, or off, for one conversation."""

    conv: frames.Conv
    on: bool


class Hide(msgspec.Struct):
    """Which conversation not to list until there is something new in it."""

    conv: frames.Conv


class ConversationController(Controller[Context]):
    """Lists conversations, arranges the list, and pages through them."""

    @describe(query=Index, answer=list[Overview])
    async def index(self) -> None:
        """List one's conversations: what is pinned, then the rest, the latest first."""
        asked = self.ctx.read(Index, self.ctx.query)
        try:
            after = None if asked.before is None else Place.of(asked.before)
        except ValueError:
            raise InvalidData("before: no place of a list") from None
        overview = await self.ctx.service.conversation.overview(
            self.ctx.user.id, asked.limit, after
        )
        self.ctx.api_success(overview)

    @describe(answer=Unread)
    async def unread(self) -> None:
        """Count what one has not read."""
        self.ctx.api_success(await self.ctx.service.conversation.unread(self.ctx.user.id))

    @describe(body=Switch, answer=Marks, errors=(NoConversation,))
    async def pin(self) -> None:
        """Put a conversation on top of the list, or take it from there."""
        asked = self.ctx.read(Switch)
        marks = await self.ctx.service.conversation.pin(self.ctx.user.id, asked.conv, on=asked.on)
        self.ctx.api_success(marks)

    @describe(body=Switch, answer=Marks, errors=(NoConversation,))
    async def quiet(self) -> None:
        """Note whether new messages of a conversation should make no noise."""
        asked = self.ctx.read(Switch)
        marks = await self.ctx.service.conversation.quiet(self.ctx.user.id, asked.conv, on=asked.on)
        self.ctx.api_success(marks)

    @describe(body=Hide, answer=Marks, errors=(NoConversation,))
    async def hide(self) -> None:
        """Take a conversation from the list until there is something new in it."""
        asked = self.ctx.read(Hide)
        marks = await self.ctx.service.conversation.hide(self.ctx.user.id, asked.conv)
        self.ctx.api_success(marks)

    @describe(body=frames.Cursor, errors=(NoConversation, Busy))
    async def delivered(self) -> None:
        """Note that everything up to a seq arrived."""
        asked = self.ctx.read(frames.Cursor)
        await self.ctx.service.conversation.cursors.delivered(
            self.ctx.user.id, asked.conv, asked.seq
        )
        self.ctx.api_success({})

    @describe(body=frames.Cursor, errors=(NoConversation, Busy))
    async def read(self) -> None:
        """Note that everything up to a seq was read."""
        asked = self.ctx.read(frames.Cursor)
        await self.ctx.service.conversation.cursors.read(self.ctx.user.id, asked.conv, asked.seq)
        self.ctx.api_success({})

    @describe(body=frames.ReadersOf, answer=Readers, errors=(NoMessage,))
    async def readers(self) -> None:
        """Tell who has read a message."""
        asked = self.ctx.read(frames.ReadersOf)
        found = await self.ctx.service.conversation.readers.of(
            self.ctx.user.id, asked.id, asked.after, asked.limit
        )
        self.ctx.api_success(found)

    @describe(query=frames.Pull, answer=Page, errors=(NoConversation,))
    async def history(self) -> None:
        """Give a page of a conversation, by seq."""
        asked = self.ctx.read(frames.Pull, self.ctx.query)
        page = await self.ctx.service.conversation.history.page(
            self.ctx.user.id,
            asked.conv,
            before=asked.before,
            after=asked.after,
            limit=asked.limit,
        )
        self.ctx.api_success(page)
