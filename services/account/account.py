"""Registration and login."""

from __future__ import annotations

from tortoise.exceptions import IntegrityError

from models import Account, User, UserSearchKey
from services import Service
from services.account.lookup import find_user
from services.account.search_keys import names_of, new_keys
from services.account.sessions import Login
from services.account.sql import user_column
from services.errors import NameTaken, UserDisabled, WrongPassword
from services.names import (
    normalize_display_name,
    normalize_password,
    normalize_username,
    username_key,
)


class AccountService(Service):
    """A service that registers users and logs them in."""

    async def register(self, username: str, password: str, nickname: str) -> Login:
        """
        Create an account and log in.

        Raises:
            NameNotAllowed: the username or the nickname has characters that are not allowed.
            PasswordNotAllowed: so has the password.
            NameTaken: another user has this username, or one that counts as the same.
            Busy: too many passwords wait to be hashed.
        """
        username, nickname = normalize_username(username), normalize_display_name(nickname)
        if await self._is_taken(username):
            raise NameTaken  # before the cost of a hash
        stored = await self.ctx.app.passwords.hash(normalize_password(password))
        try:
            async with self.ctx.app.orm.transaction() as connection:
                user = await User.create(
                    username=username, password=stored, nickname=nickname, using_db=connection
                )
                await Account.create(
                    user_id=user.id,
                    name=username_key(username),
                    searched_names=names_of(username, nickname),
                    using_db=connection,
                )
                keys = await new_keys(user.id, username, nickname)
                await UserSearchKey.bulk_create(keys, using_db=connection)
        except IntegrityError:
            if await self._is_taken(username):
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
        user = await find_user(username)
        if not await self.verify(user, password) or user is None:
            raise WrongPassword
        if not user.status:
            raise UserDisabled
        return await self.ctx.service.account.sessions.open(user)

    async def verify(self, user: User | None, password: str) -> bool:
        """
        Return whether this is the user's password. One in an old scheme is stored anew.

        Args:
            user: None takes as long, and is wrong.
            password: what the user typed.

        Raises:
            Busy: too many passwords wait to be hashed.
        """
        app, salt = self.ctx.app, ""
        auth, passwords = app.config.auth, app.passwords
        if user is not None and auth.password_salt_column:
            salt = str(await user_column(app.orm, auth.password_salt_column, user.id) or "")
        right = await passwords.verify(user.password if user else None, password, salt)
        if right and user is not None and passwords.is_outdated(user.password):
            await self._upgrade(user, password)
        return right

    async def _upgrade(self, user: User, password: str) -> None:
        if not self.ctx.app.config.auth.password_upgrade:
            return
        stored = await self.ctx.app.passwords.hash(password)
        try:
            async with self.ctx.app.orm.transaction() as connection:
                same = User.filter(id=user.id, password=user.password).using_db(connection)
                if not await same.update(password=stored):
                    return  # changed meanwhile
                found = await User.get(id=user.id, using_db=connection)
                if found.password != stored:  # MariaDB may cut off what does not fit
                    raise _TooShort(f"the column holds {len(found.password)} characters")
        except self.ctx.app.orm.unavailable_errors:
            raise
        except Exception as error:  # noqa: BLE001 - databases refuse long texts in different ways
            self.ctx.logger.warning(
                "The password of user %d stays in its old scheme: the column password of the table"
                " user must hold %d characters (%s)",
                user.id,
                len(stored),
                error,
            )
        else:
            user.password = stored

    async def _is_taken(self, username: str) -> bool:
        key = username_key(username)
        if await Account.exists(name=key):
            return True
        # Users whom another application added have no key yet, for up to an hour.
        return await User.exists(username__in=list({username, key}))


class _TooShort(Exception):
    """The column of passwords cannot hold a hash."""
