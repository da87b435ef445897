"""A user's own profile: display name and avatar."""

from __future__ import annotations

import msgspec

from models import Account, User
from services import Service
from services.account.search_keys import store_search_keys
from services.account.sql import people_around
from services.errors import NoSuchUser, TooManyChanges
from services.file.avatar import FILES_PATH, find_own_picture
from services.names import normalize_display_name

MAX_NOTIFIED = 5000
"""Users who are notified of a change: so many in direct conversations, and so many in groups."""


class Profile(msgspec.Struct):
    """A user, as the user sees themselves."""

    id: int
    username: str
    nickname: str
    """The display name; the username if there is none."""
    avatar: str
    """The address of a picture, or empty."""


class ProfileService(Service):
    """A service that shows and changes profiles."""

    async def show(self, user_id: int) -> Profile:
        """
        Return the profile of a user.

        Raises:
            NoSuchUser: the user does not exist any more.
        """
        user = await User.get_or_none(id=user_id)
        if user is None:
            raise NoSuchUser
        return _profile(user)

    async def change(self, user_id: int, nickname: str | None, avatar: str | None) -> Profile:
        """
        Change a profile, and push it to the user's devices and to those who see the user.

        Args:
            user_id: the user.
            nickname: the display name, "" for the username; None leaves it as it is.
            avatar: `/files/<id>` of a picture that the user uploaded, "" for none; None leaves it
                as it is.

        Returns:
            the new profile.

        Raises:
            NameNotAllowed: the display name has characters that are not allowed.
            InvalidData: the avatar is no address of a file of this server.
            NoFile: the user uploaded no such file.
            TypeRefused: it is no picture.
            TooManyChanges: the user changed the profile too often.
        """
        changes: dict[str, str] = {}
        if nickname is not None:
            changes["nickname"] = normalize_display_name(nickname)
        picture = await find_own_picture(user_id, avatar) if avatar else None
        if avatar is not None:
            changes["avatar"] = f"{FILES_PATH}{picture.id}" if picture else ""
        if changes:
            app = self.ctx.app
            await app.rates.take(app.config.auth.limits.profile, "profile", user_id, TooManyChanges)
            async with self.ctx.app.orm.transaction() as connection:
                await User.filter(id=user_id).using_db(connection).update(**changes)
                if nickname is not None:
                    await Account.get_or_create(user_id=user_id, using_db=connection)
                    await store_search_keys(connection, [user_id])
                if avatar is not None:
                    account, _ = await Account.get_or_create(user_id=user_id, using_db=connection)
                    account.avatar_file = picture.id if picture else None
                    await account.save(update_fields=["avatar_file"], using_db=connection)
        profile = await self.show(user_id)
        if changes:
            await self.announce(profile)
        return profile

    async def announce(self, profile: Profile) -> None:
        """Push a profile to the user's devices and to those who share a conversation."""
        users = await people_around(self.ctx.app.orm, profile.id, MAX_NOTIFIED)
        event = {
            "event": "profile",
            "user_id": profile.id,
            "username": profile.username,
            "nickname": profile.nickname,
            "avatar": profile.avatar,
        }
        send = self.ctx.app.delivery.send
        send("system", event, [profile.id])
        send("system", event, users - {profile.id}, droppable=True)


def _profile(user: User) -> Profile:
    return Profile(
        id=user.id,
        username=user.username,
        nickname=user.nickname or user.username,
        avatar=user.avatar or "",
    )
