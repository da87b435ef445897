"""Conversations over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from extend.context import Context
from yolk import Controller

Seq = Annotated[int, msgspec.Meta(ge=0)]


class Index(msgspec.Struct):
    """How much of the list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class History(msgspec.Struct):
    """Which piece of a conversation."""

    conv: Annotated[str, msgspec.Meta(max_length=48)]
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class ConversationController(Controller[Context]):
    """Lists conversations and pages through them."""

    async def index(self) -> None:
        """List one's conversations, the latest first."""
        asked = self.ctx.read(Index, self.ctx.query)
        overview = await self.ctx.service.conversation.overview(self.ctx.user.id, asked.limit)
        self.ctx.api_success(overview)

    async def history(self) -> None:
        """Give a page of a conversation, by seq."""
        asked = self.ctx.read(History, self.ctx.query)
        page = await self.ctx.service.conversation.history(
            self.ctx.user.id,
            asked.conv,
            before=asked.before,
            after=asked.after,
            limit=asked.limit,
        )
        self.ctx.api_success(page)
