"""Registration and login."""

from __future__ import annotations

from tortoise.exceptions import IntegrityError

from models import User
from services import Service
from services.account.sessions import Login
from services.errors import NameTaken, UserDisabled, WrongPassword


class AccountService(Service):
    """A service that registers users and logs them in."""

    async def register(self, username: str, password: str, nickname: str) -> Login:
        """
        Create an account and log in.

        Raises:
            NameTaken: another user has this username.
            Busy: too many passwords wait to be hashed.
        """
        if await User.exists(username=username):
            raise NameTaken  # before the cost of a hash
        stored = await self.ctx.app.passwords.hash(password)
        try:
            async with self.ctx.app.orm.transaction() as connection:
                user = await User.create(
                    username=username, password=stored, nickname=nickname, using_db=connection
                )
        except IntegrityError:
            if await User.exists(username=username):
                raise NameTaken from None
            raise  # an existing table has a required column that is unknown here
        return await self.ctx.service.account.sessions.open(user)

    async def login(self, username: str, password: str) -> Login:
        """
        Log in on one more device.

        Raises:
            WrongPassword: there is no such user, or the password is wrong.
            UserDisabled: the account was disabled.
            Busy: too many passwords wait to be hashed.
        """
        user = await User.get_or_none(username=username)
        right = await self.ctx.app.passwords.verify(user.password if user else None, password)
        if user is None or not right:
            raise WrongPassword
        if not user.status:
            raise UserDisabled
        return await self.ctx.service.account.sessions.open(user)
