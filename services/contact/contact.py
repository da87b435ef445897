"""Whom a person wants to hear from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from models import Block, Preference
from services.account.users import Person
from services.errors import BlocksThemselves, TooManyBlocked
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

LARGEST = 5000
"""How many people one may block."""

Strangers = Literal["nothing", "one", "freely"]


class Blocked(msgspec.Struct):
    """A page of the people that somebody blocked, by id."""

    people: list[Person]
    more: bool


class Preferences(msgspec.Struct):
    """What a person decided."""

    strangers: Strangers
    """What may be sent by those whom the person never wrote to."""


class ContactService(Service):
    """Blocks people, and decides on strangers."""

    ctx: Context

    async def block(self, user_id: int, blocked_id: int, *, on: bool) -> None:
        """
        Let somebody not write any more, or again; the user's devices are told.

        Args:
            user_id: who does not want to hear.
            blocked_id: from whom.
            on: false takes it back.

        Raises:
            BlocksThemselves: the two are the same.
            NoSuchPerson: nobody has this id.
            TooManyBlocked: there are too many already.
        """
        if user_id == blocked_id:
            raise BlocksThemselves
        if on:
            await self.ctx.service.account.users.find(blocked_id)
            others = Block.filter(user_id=user_id).exclude(blocked_id=blocked_id)
            if await others.count() >= LARGEST:
                raise TooManyBlocked
            block = Block(user_id=user_id, blocked_id=blocked_id)
            await Block.bulk_create([block], ignore_conflicts=True)
        else:
            await Block.filter(user_id=user_id, blocked_id=blocked_id).delete()
        told = {"event": "block", "user_id": blocked_id, "on": on}
        self.ctx.app.delivery.send("system", told, [user_id])

    async def blocked(self, user_id: int, after: int, limit: int) -> Blocked:
        """
        Give those whom somebody blocked.

        Args:
            user_id: whose.
            after: only people with a greater id.
            limit: how many at most.
        """
        rows = (
            await Block.filter(user_id=user_id, blocked_id__gt=after)
            .order_by("blocked_id")
            .limit(limit + 1)
        )
        ids = [row.blocked_id for row in rows[:limit]]
        people = await self.ctx.service.account.users.people(ids)
        return Blocked([people[one] for one in ids if one in people], more=len(rows) > limit)

    async def preferences(self, user_id: int) -> Preferences:
        """Give what a person decided, or else the application's defaults."""
        found = await Preference.get_or_none(user_id=user_id)
        return Preferences(found.strangers if found else self.ctx.app.config.chat.strangers)  # type: ignore[arg-type]

    async def decide(self, user_id: int, preferences: Preferences) -> Preferences:
        """Keep what a person decides; the user's devices are told."""
        await Preference.update_or_create({"strangers": preferences.strangers}, user_id=user_id)
        told = {"event": "preferences", "strangers": preferences.strangers}
        self.ctx.app.delivery.send("system", told, [user_id])
        return preferences
