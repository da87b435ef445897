"""People over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from extend.context import Context
from yolk import Controller


class Search(msgspec.Struct):
    """Whom to look for."""

    q: Annotated[str, msgspec.Meta(min_length=1, max_length=30)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class UserController(Controller[Context]):
    """Finds people."""

    async def search(self) -> None:
        """Find people whose username begins with `q`."""
        asked = self.ctx.read(Search, self.ctx.query)
        self.ctx.api_success(await self.ctx.service.user.search(asked.q, asked.limit))

    async def show(self) -> None:
        """Give one person."""
        self.ctx.api_success(await self.ctx.service.user.find(int(self.ctx.params["id"])))
