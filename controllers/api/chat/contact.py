"""Blocking and strangers, over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from controllers.api.chat import examples, frames
from extend.context import Context
from services.contact.contact import Blocked, Preferences
from services.errors import BlocksThemselves, NoSuchPerson, TooManyBlocked
from services.fields import Id
from yolk import Controller, describe


class Block(msgspec.Struct):
    """Whom to block, or not any more."""

    user_id: Id
    on: bool


class Page(msgspec.Struct):
    """Which piece of a list that is in the order of ids."""

    after: frames.Seq = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class ContactController(Controller[Context]):
    """Whom one wants to hear from."""

    @describe(
        body=Block, errors=(BlocksThemselves, NoSuchPerson, TooManyBlocked), example=examples.BLOCK
    )
    async def block(self) -> None:
        """Let somebody not write to one any more, or again."""
        asked = self.ctx.read(Block)
        await self.ctx.service.contact.block(self.ctx.user.id, asked.user_id, on=asked.on)
        self.ctx.api_success({})

    @describe(query=Page, answer=Blocked, example=examples.BLOCKED)
    async def blocked(self) -> None:
        """List those whom one blocked."""
        asked = self.ctx.read(Page, self.ctx.query)
        found = await self.ctx.service.contact.blocked(self.ctx.user.id, asked.after, asked.limit)
        self.ctx.api_success(found)

    @describe(answer=Preferences, example=examples.PREFERENCES)
    async def preferences(self) -> None:
        """Tell what one decided."""
        self.ctx.api_success(await self.ctx.service.contact.preferences(self.ctx.user.id))

    @describe(body=Preferences, answer=Preferences, example=examples.DECIDE)
    async def decide(self) -> None:
        """Decide what strangers may send."""
        asked = self.ctx.read(Preferences)
        self.ctx.api_success(await self.ctx.service.contact.decide(self.ctx.user.id, asked))
