"""Conversations over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from controllers.api.chat import frames
from extend.context import Context
from yolk import Controller


class Index(msgspec.Struct):
    """How much of the list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class ConversationController(Controller[Context]):
    """Lists conversations and pages through them."""

    async def index(self) -> None:
        """List one's conversations, the latest first."""
        asked = self.ctx.read(Index, self.ctx.query)
        overview = await self.ctx.service.conversation.overview(self.ctx.user.id, asked.limit)
        self.ctx.api_success(overview)

    async def read(self) -> None:
        """Note that everything up to a seq was read."""
        asked = self.ctx.read(frames.Cursor)
        await self.ctx.service.message.read(self.ctx.user.id, asked.conv, asked.seq)
        self.ctx.api_success({})

    async def history(self) -> None:
        """Give a page of a conversation, by seq."""
        asked = self.ctx.read(frames.Pull, self.ctx.query)
        page = await self.ctx.service.conversation.history(
            self.ctx.user.id,
            asked.conv,
            before=asked.before,
            after=asked.after,
            limit=asked.limit,
        )
        self.ctx.api_success(page)
