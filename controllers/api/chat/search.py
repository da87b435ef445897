"""Search over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from controllers.api.chat import frames
from extend.context import Context
from services import permissions
from services.errors import Busy, NoConversation, TooManySearches
from services.search.search import Found
from yolk import Controller, describe


class Search(msgspec.Struct):
    """The text to search for, in one conversation or in all."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    conv: frames.Conv | None = None
    before: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class SearchController(Controller[Context]):
    """A controller that searches messages."""

    section = "Search"
    section_summary = "Find messages by their text."

    @permissions.allows(permissions.MEMBERS)
    @describe(query=Search, answer=Found, errors=(NoConversation, Busy, TooManySearches))
    async def index(self) -> None:
        """Find messages, files and notices that contain a text, the newest first."""
        query = self.ctx.read(Search, self.ctx.query)
        app, user_id = self.ctx.app, self.ctx.user.id
        await app.rates.take(app.config.chat.limits.search, "search", user_id, TooManySearches)
        async with self.ctx.app.search_limiter:
            found = await self.ctx.service.search.search(
                self.ctx.user.id,
                query.text,
                conv=query.conv,
                before=query.before,
                limit=query.limit,
            )
        self.ctx.api_success(found)
