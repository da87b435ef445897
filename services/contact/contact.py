"""From whom a user receives messages: blocked users, and the setting for strangers."""

from __future__ import annotations

from typing import Literal

import msgspec

from models import Block, Preference
from services import Service
from services.account.users import Person
from services.errors import BlocksThemselves, TooManyBlocked

MAX_BLOCKED_USERS = 5000

Strangers = Literal["nothing", "one", "freely"]


class Blocked(msgspec.Struct):
    """A page of blocked users, by id."""

    people: list[Person]
    more: bool


class Preferences(msgspec.Struct):
    """A user's settings."""

    strangers: Strangers
    """What users may send whom this one never wrote to."""


class ContactService(Service):
    """A service that blocks users and stores the setting for strangers."""

    async def block(self, user_id: int, blocked_id: int, *, on: bool) -> None:
        """
        Block or unblock a user, and notify the other devices.

        Args:
            user_id: the user who blocks.
            blocked_id: the user who is blocked.
            on: whether to block or to unblock.

        Raises:
            BlocksThemselves: the two are the same.
            NoSuchPerson: the user to block does not exist.
            TooManyBlocked: `MAX_BLOCKED_USERS` are blocked already.
        """
        if user_id == blocked_id:
            raise BlocksThemselves
        if on:
            await self.ctx.service.account.users.find(blocked_id)
            others = Block.filter(user_id=user_id).exclude(blocked_id=blocked_id)
            if await others.count() >= MAX_BLOCKED_USERS:
                raise TooManyBlocked
            block = Block(user_id=user_id, blocked_id=blocked_id)
            await Block.bulk_create([block], ignore_conflicts=True)
        else:
            await Block.filter(user_id=user_id, blocked_id=blocked_id).delete()
        event = {"event": "block", "user_id": blocked_id, "on": on}
        self.ctx.app.delivery.send("system", event, [user_id])

    async def blocked(self, user_id: int, after: int, limit: int) -> Blocked:
        """
        Return the users that a user blocked.

        Args:
            user_id: the user who blocked them.
            after: return only users with a greater id.
            limit: users to return at most.
        """
        rows = (
            await Block.filter(user_id=user_id, blocked_id__gt=after)
            .order_by("blocked_id")
            .limit(limit + 1)
        )
        ids = [row.blocked_id for row in rows[:limit]]
        people = await self.ctx.service.account.users.find_many(ids)
        return Blocked([people[user] for user in ids if user in people], more=len(rows) > limit)

    async def preferences(self, user_id: int) -> Preferences:
        """Return a user's settings, or the defaults of the configuration."""
        found = await Preference.get_or_none(user_id=user_id)
        return Preferences(found.strangers if found else self.ctx.app.config.chat.strangers)  # type: ignore[arg-type]

    async def save_preferences(self, user_id: int, preferences: Preferences) -> Preferences:
        """Store a user's settings, and notify the other devices."""
        await Preference.update_or_create({"strangers": preferences.strangers}, user_id=user_id)
        event = {"event": "preferences", "strangers": preferences.strangers}
        self.ctx.app.delivery.send("system", event, [user_id])
        return preferences
