"""Blocked users, and preferences: what strangers may send, and what others see of a user."""

from __future__ import annotations

from typing import Literal

import msgspec

from models import Block, Member, Preference, Privacy
from services import Service
from services.account.users import Person
from services.errors import BlocksThemselves, InvalidData, TooManyBlocked
from services.wire import single_conv

MAX_BLOCKED_USERS = 5000

Strangers = Literal["nothing", "one", "freely"]
Presence = Literal["everyone", "contacts", "nobody"]
FoundBy = Literal["name", "prefix", "username", "nothing"]


class Blocked(msgspec.Struct):
    """A page of blocked users, by id."""

    people: list[Person]
    more: bool


class Preferences(msgspec.Struct):
    """A user's preferences."""

    strangers: Strangers
    """What strangers may send: users to whom this one never wrote."""
    presence: Presence
    """Who sees whether this user is online. Contacts have written to each other."""
    receipts: bool
    """Whether others see what this user has read, and this user what others have read."""
    found_by: FoundBy
    """How the search for users finds this one: by any part of the display name or the username
    (`name`), by a prefix of the username, only by the whole username, or by nothing."""


class PreferenceChanges(msgspec.Struct, omit_defaults=True):
    """Changes of preferences; what is left out stays as it is."""

    strangers: Strangers | msgspec.UnsetType = msgspec.UNSET
    presence: Presence | msgspec.UnsetType = msgspec.UNSET
    receipts: bool | msgspec.UnsetType = msgspec.UNSET
    found_by: FoundBy | msgspec.UnsetType = msgspec.UNSET


class ContactService(Service):
    """A service that blocks users and stores preferences."""

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
            # What the blocked user has seen already does not change for them.
            conv = single_conv(user_id, blocked_id)
            member = await Member.get_or_none(conv=conv, user_id=user_id)
            if member is not None:
                block.read_seq, block.delivered_seq = member.read_seq, member.delivered_seq
            await Block.bulk_create([block], ignore_conflicts=True)
        else:
            await Block.filter(user_id=user_id, blocked_id=blocked_id).delete()
        self.ctx.app.presence.rules_changed(user_id, blocked_id)
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
        """Return a user's preferences, with defaults for those that are not set."""
        preference = await Preference.get_or_none(user_id=user_id)
        privacy = await Privacy.get_or_none(user_id=user_id) or Privacy(user_id=user_id)
        return Preferences(
            strangers=preference.strangers if preference else self.ctx.app.config.chat.strangers,  # type: ignore[arg-type]
            presence=privacy.presence,  # type: ignore[arg-type]
            receipts=bool(privacy.receipts),
            found_by=privacy.found_by,  # type: ignore[arg-type]
        )

    async def save_preferences(self, user_id: int, changes: PreferenceChanges) -> Preferences:
        """
        Store changes of a user's preferences, and notify the other devices.

        Raises:
            InvalidData: nothing is to be changed.
        """
        privacy = msgspec.to_builtins(changes)
        if not privacy:
            raise InvalidData("no preference is given")
        strangers = privacy.pop("strangers", None)
        if strangers is not None:
            await Preference.update_or_create({"strangers": strangers}, user_id=user_id)
        if privacy:
            await Privacy.update_or_create(
                {
                    name: int(value) if name == "receipts" else value
                    for name, value in privacy.items()
                },
                user_id=user_id,
            )
        if "presence" in privacy:
            self.ctx.app.presence.rules_changed(user_id)
        preferences = await self.preferences(user_id)
        event = {"event": "preferences", **msgspec.structs.asdict(preferences)}
        self.ctx.app.delivery.send("system", event, [user_id])
        return preferences
