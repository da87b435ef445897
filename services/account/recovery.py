"""Changing a password, and setting a new one with a one-time token."""

from __future__ import annotations

from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID

from models import PasswordReset, User
from models.columns import milliseconds
from services import Service
from services.account.digest import digest
from services.account.logins import end_sessions
from services.account.sessions import Login
from services.errors import BadResetToken, TooManyChanges, WrongOldPassword
from services.names import normalize_password
from yolk.addresses import network_of


class PasswordChanged(msgspec.Struct):
    """The outcome of a change of the password."""

    ended: int
    """The number of other logins that were ended."""
    login: Login | None = None
    """New tokens, if the token of the request belonged to no login, and so was ended, too."""


class RecoveryService(Service):
    """A service that replaces passwords, and ends the logins that used the old one."""

    async def change(self, claims: dict[str, Any], old: str, new: str) -> PasswordChanged:
        """
        Change the password of a token's user. All other logins are ended, on every worker.

        Args:
            claims: of the token.
            old: the current password.
            new: the new one.

        Raises:
            WrongOldPassword: the current password is another one.
            PasswordNotAllowed: the new one has characters that are not allowed.
            TooManyChanges: the user asked for too many changes.
            Busy: too many passwords wait to be hashed.
        """
        account, app = self.ctx.service.account, self.ctx.app
        password = normalize_password(new)
        async with app.login_limiter.confirmation(claims["id"]):
            user = await User.get_or_none(id=claims["id"])
            if not await account.verify(user, old) or user is None:
                raise WrongOldPassword
            stored = await app.passwords.hash(password)
        async with self.ctx.app.orm.transaction() as connection:
            # First, because it locks the user: a login waits, and then sees the new password.
            if not await _replace(connection, user.id, stored, old=user.password):
                raise WrongOldPassword
            ended = await end_sessions(connection, user.id, "password", keep=claims)
        account.logins.kick(user.id, ended, tokens=True)
        user.password = stored
        login = None if claims.get("sid") else await account.sessions.open(user)
        return PasswordChanged(len(ended), login)

    async def count_anonymous(self) -> None:
        """
        Count a request of somebody who forgot the password.

        Raises:
            TooManyChanges: there were too many from this address.
        """
        app, network = self.ctx.app, network_of(self.ctx.request.ip)
        await app.rates.take(app.config.auth.limits.recovery, "recovery", network, TooManyChanges)

    async def reset(self, token: str, new: str) -> None:
        """
        Set a new password with a one-time token. All logins are ended, on every worker.

        Raises:
            BadResetToken: the token is unknown, used or expired.
            PasswordNotAllowed: the password has characters that are not allowed.
            TooManyChanges: there were too many such requests from this address.
            Busy: too many passwords wait to be hashed.
        """
        password, hashed = normalize_password(new), digest(token)
        await self.count_anonymous()
        reset = await PasswordReset.get_or_none(hash=hashed)
        if reset is None or reset.expire_time <= milliseconds():
            raise BadResetToken  # before the cost of a hash
        async with self.ctx.app.login_limiter.replacement():
            stored = await self.ctx.app.passwords.hash(password)
        ended: list[UUID] = []
        async with self.ctx.app.orm.transaction() as connection:
            used = await PasswordReset.filter(hash=hashed).using_db(connection).delete()
            if not used or not await _replace(connection, reset.user_id, stored):
                raise BadResetToken
            ended = await end_sessions(connection, reset.user_id, "password")
        self.ctx.service.account.logins.kick(reset.user_id, ended, tokens=True)


async def _replace(
    connection: BaseDBAsyncClient, user_id: int, stored: str, *, old: str | None = None
) -> bool:
    """Store a new hash if the user exists, and if the hash is still *old*; return whether."""
    only = {"id": user_id} if old is None else {"id": user_id, "password": old}
    if not await User.filter(**only).using_db(connection).update(password=stored):
        return False
    await PasswordReset.filter(user_id=user_id).using_db(connection).delete()
    return True
