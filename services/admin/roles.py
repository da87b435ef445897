"""The roles of users on the whole server."""

from __future__ import annotations

from collections.abc import Collection

from models import User, UserRole
from services import Service
from services.admin.actor import Actor
from services.errors import NoSuchPerson

ADMINISTRATOR = "administrator"
USER = "user"


class RolesService(Service):
    """A service that reads and changes roles. Only the command line changes them."""

    async def is_administrator(self, user_id: int) -> bool:
        """Return whether a user is an administrator of the server."""
        return await UserRole.exists(user_id=user_id, role=ADMINISTRATOR)

    async def administrators(self, user_ids: Collection[int]) -> set[int]:
        """Return those of some users who are administrators of the server."""
        if not user_ids:
            return set()
        found = UserRole.filter(user_id__in=list(user_ids), role=ADMINISTRATOR)
        return {row.user_id for row in await found}

    async def all_administrators(self, limit: int) -> list[int]:
        """Return the administrators of the server, at most *limit*."""
        found = UserRole.filter(role=ADMINISTRATOR).order_by("user_id").limit(limit)
        return [row.user_id for row in await found]

    async def make_administrator(self, actor: Actor, user_id: int) -> bool:
        """
        Make a user an administrator.

        Returns:
            whether the user was none before.

        Raises:
            NoSuchPerson: there is no such user.
        """
        async with self.ctx.app.orm.transaction() as connection:
            if not await User.filter(id=user_id).using_db(connection).exists():
                raise NoSuchPerson
            row = UserRole(user_id=user_id, role=ADMINISTRATOR)
            if await UserRole.filter(user_id=user_id).using_db(connection).exists():
                return False
            await row.save(using_db=connection, force_create=True)
            await self.ctx.service.admin.audit.record(
                connection, actor, "user.make_admin", ("user", user_id)
            )
        return True

    async def revoke_administrator(self, actor: Actor, user_id: int) -> bool:
        """
        Make an administrator an ordinary user again.

        Returns:
            whether the user was an administrator.
        """
        async with self.ctx.app.orm.transaction() as connection:
            deleted = await UserRole.filter(user_id=user_id).using_db(connection).delete()
            if deleted:
                await self.ctx.service.admin.audit.record(
                    connection, actor, "user.revoke_admin", ("user", user_id)
                )
        return bool(deleted)
