"""Users, as others see them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from models import User
from services import Service
from services.account.find_users import find_users_by_text
from services.account.sql import comparable_ids
from services.errors import NoSuchPerson


class Person(msgspec.Struct):
    """A user, as others see them."""

    id: int
    username: str
    nickname: str
    avatar: str
    online: bool
    """False, too, where the user does not show it."""


class UsersService(Service):
    """A service that finds users."""

    async def find(self, user_id: int) -> Person:
        """
        Return one user.

        Raises:
            NoSuchPerson: there is no such user.
        """
        found = await self.find_many([user_id])
        if user_id not in found:
            raise NoSuchPerson
        return found[user_id]

    async def find_many(self, user_ids: Iterable[int]) -> dict[int, Person]:
        """Return users by id; those that do not exist are left out."""
        ids = await comparable_ids(None, {*user_ids})
        users = await User.filter(id__in=ids) if ids else []
        return {person.id: person for person in await self._to_people(users)}

    async def search(self, text: str, limit: int) -> list[Person]:
        """
        Return users whose names contain *text* and who may be found like this, the best first.

        See `find_users_by_text`.
        """
        rows = await find_users_by_text(self.ctx.app.orm, self.ctx.user.id, text, limit)
        return await self._to_people([User(**row) for row in rows])

    async def _to_people(self, users: list[User]) -> list[Person]:
        online = await self.ctx.service.push.presence.online([user.id for user in users])
        return [
            Person(
                id=user.id,
                username=user.username,
                nickname=user.nickname or user.username,
                avatar=user.avatar or "",
                online=user.id in online,
            )
            for user in users
        ]
