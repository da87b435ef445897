"""Blocked users and preferences, over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from controllers.api.chat import frames
from extend.context import Context
from services import permissions
from services.contact.contact import Blocked, PreferenceChanges, Preferences
from services.errors import BlocksThemselves, NoSuchPerson, TooManyBlocked
from services.fields import Id
from yolk import Controller, describe


class Block(msgspec.Struct):
    """The user to block or unblock."""

    user_id: Id
    on: bool


class Page(msgspec.Struct):
    """A page of a list by id."""

    after: frames.Seq = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class ContactController(Controller[Context]):
    """A controller for blocked users and preferences."""

    section = "Contacts and privacy"
    section_summary = "Block users, and choose who can message you."

    @permissions.allows(permissions.USERS)
    @describe(body=Block, errors=(BlocksThemselves, NoSuchPerson, TooManyBlocked))
    async def block(self) -> None:
        """Block a user, or unblock them."""
        body = self.ctx.read(Block)
        await self.ctx.service.contact.block(self.ctx.user.id, body.user_id, on=body.on)
        self.ctx.api_success({})

    @permissions.allows(permissions.USERS)
    @describe(query=Page, answer=Blocked)
    async def blocked(self) -> None:
        """List the users that you blocked."""
        query = self.ctx.read(Page, self.ctx.query)
        found = await self.ctx.service.contact.blocked(self.ctx.user.id, query.after, query.limit)
        self.ctx.api_success(found)

    @permissions.allows(permissions.USERS)
    @describe(answer=Preferences)
    async def preferences(self) -> None:
        """Show your preferences."""
        self.ctx.api_success(await self.ctx.service.contact.preferences(self.ctx.user.id))

    @permissions.allows(permissions.USERS)
    @describe(body=PreferenceChanges, answer=Preferences)
    async def decide(self) -> None:
        """Set what strangers may send to you, and what others see of you."""
        body = self.ctx.read(PreferenceChanges)
        self.ctx.api_success(
            await self.ctx.service.contact.save_preferences(self.ctx.user.id, body)
        )
