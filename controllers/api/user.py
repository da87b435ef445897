"""Users over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from extend.context import Context
from services import permissions
from services.account.users import Person
from services.errors import NoSuchPerson, TooManySearches
from yolk import Controller, describe


class Search(msgspec.Struct):
    """A part of a username or a display name."""

    q: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\A[^\x00]*\Z")]
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class UserPath(msgspec.Struct):
    """The user in the path."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class UserController(Controller[Context]):
    """A controller that finds users."""

    section = "Users"
    section_summary = "Find users and see their profiles."

    @permissions.allows(permissions.UNBLOCKED_SILENTLY)
    @describe(query=Search, answer=list[Person], errors=(TooManySearches,))
    async def search(self) -> None:
        """Find users by a part of their username or display name, or by its pinyin."""
        query = self.ctx.read(Search, self.ctx.query)
        app, user_id = self.ctx.app, self.ctx.user.id
        await app.rates.take(app.config.chat.limits.search, "search", user_id, TooManySearches)
        self.ctx.api_success(await self.ctx.service.account.users.search(query.q, query.limit))

    @permissions.allows(permissions.USERS)
    @describe(answer=Person, errors=(NoSuchPerson,))
    async def show(self) -> None:
        """Show one user."""
        params = self.ctx.read(UserPath, self.ctx.params)
        self.ctx.api_success(await self.ctx.service.account.users.find(params.id))
