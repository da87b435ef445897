"""The accounts of users, as administrators see and change them."""

from __future__ import annotations

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID

from models import Account, Group, Report, Session, User
from models.columns import milliseconds
from services import Service
from services.account.logins import end_sessions
from services.account.lookup import find_user
from services.account.reset_tokens import issue_reset
from services.admin.actor import Actor
from services.admin.roles import ADMINISTRATOR, USER
from services.errors import IsAdministrator, NoSuchPerson, OwnsGroups, UserDisabled
from services.report.report import OPEN

MAX_LOGINS = 200
"""Logins that are shown: the latest."""


class UserView(msgspec.Struct):
    """A user, as administrators see it."""

    id: int
    username: str
    nickname: str
    avatar: str
    enabled: bool
    role: str
    """The role on the server: "user" or "administrator"."""
    online: bool


class LoginView(msgspec.Struct):
    """A login of a user that has not ended."""

    id: str
    device: str
    """A short name, such as "Firefox on Linux"; may be empty."""
    address: str
    create_time: int
    use_time: int
    """When it was last used, to within a minute."""
    expire_time: int


class AccountView(UserView, kw_only=True):
    """A user with the logins."""

    logins: list[LoginView]
    open_reports: int
    """The number of open reports of this user."""


class AccountPage(msgspec.Struct):
    """A page of users, by username."""

    users: list[UserView]
    more: bool


class Ended(msgspec.Struct):
    """The number of logins that were ended."""

    ended: int


class NewReset(msgspec.Struct):
    """A one-time token that sets a new password."""

    token: str
    link: str
    """The page that takes it (`auth.reset_url`); empty if none is configured."""
    expires_in: int


class AccountsService(Service):
    """
    A service that searches and changes accounts.

    Over HTTP an administrator's account cannot be changed, so that one stolen login does not shut
    out the other administrators; on the command line it can.
    """

    # --- reading

    async def page(
        self,
        text: str,
        after: str,
        limit: int,
        *,
        enabled: bool | None = None,
    ) -> AccountPage:
        """
        Return a page of users, by username.

        Args:
            text: the beginning of the username; "" for all users.
            after: return only users whose username follows this one.
            limit: the largest number of users.
            enabled: only users who are enabled, or disabled.
        """
        found = User.all()
        if text:
            # A range, not LIKE: it uses the index, and nothing in the text is a wildcard.
            found = found.filter(username__gte=text, username__lt=text + "\U0010ffff")
        if after:
            found = found.filter(username__gt=after)
        if enabled is not None:
            found = found.exclude(status=0) if enabled else found.filter(status=0)
        rows = await found.order_by("username").limit(limit + 1)
        return AccountPage(await self.describe(rows[:limit]), more=len(rows) > limit)

    async def administrators(self, limit: int) -> AccountPage:
        """Return the administrators of the server, by username."""
        ids = await self.ctx.service.admin.roles.all_administrators(limit + 1)
        rows = await User.filter(id__in=ids[:limit]).order_by("username") if ids else []
        return AccountPage(await self.describe(rows), more=len(ids) > limit)

    async def describe(self, users: list[User]) -> list[UserView]:
        """Return users as administrators see them."""
        ids = [user.id for user in users]
        online = await self.ctx.app.ws.is_online(ids)
        administrators = await self.ctx.service.admin.roles.administrators(ids)
        return [
            UserView(
                id=user.id,
                username=user.username,
                nickname=user.nickname or user.username,
                avatar=user.avatar or "",
                enabled=bool(user.status),
                role=ADMINISTRATOR if user.id in administrators else USER,
                online=user.id in online,
            )
            for user in users
        ]

    async def show(self, user_id: int) -> AccountView:
        """
        Return a user with the logins.

        Raises:
            NoSuchPerson: there is no such user.
        """
        user = await User.get_or_none(id=user_id)
        if user is None:
            raise NoSuchPerson
        [account] = await self.describe([user])
        live = Session.filter(user_id=user_id, revoke_time=None, expire_time__gt=milliseconds())
        sessions = await live.order_by("-use_time", "-id").limit(MAX_LOGINS)
        reports = Report.filter(target_type="user", target_id=str(user_id), state=OPEN)
        return AccountView(
            **msgspec.structs.asdict(account),
            logins=[
                LoginView(
                    id=str(session.id),
                    device=session.device,
                    address=session.address,
                    create_time=session.create_time,
                    use_time=session.use_time or session.refresh_time,
                    expire_time=session.expire_time,
                )
                for session in sessions
            ],
            open_reports=await reports.count(),
        )

    async def find(self, username: str) -> User:
        """
        Return the user who would log in with this username.

        Raises:
            NoSuchPerson: there is no such user.
        """
        user = await find_user(username)
        if user is None:
            raise NoSuchPerson
        return user

    # --- changing

    async def set_enabled(
        self, actor: Actor, user_id: int, *, enabled: bool, reason: str = ""
    ) -> bool:
        """
        Enable or disable a user. All sockets of a disabled user are closed, on every worker.

        The logins remain, and work again when the user is enabled.

        Args:
            actor: the administrator.
            user_id: the user.
            enabled: whether to enable or to disable.
            reason: for the audit.

        Returns:
            whether that is a change.

        Raises:
            NoSuchPerson: there is no such user.
            IsAdministrator: the user is an administrator, and the request came over HTTP.
        """
        async with self.ctx.app.orm.transaction() as connection:
            user = await self.lock(connection, actor, user_id)
            changed = bool(user.status) != enabled
            if changed:
                this = User.filter(id=user_id).using_db(connection)
                await this.update(status=int(enabled))
                action = "user.enable" if enabled else "user.disable"
                await self.ctx.service.admin.audit.record(
                    connection, actor, action, ("user", user_id), reason=reason
                )
        if not enabled:  # also where it is no change: a socket may have been missed
            error = UserDisabled()
            self.ctx.app.ws.kick(user_id, error.close_code, "disabled", data=error.close_notice())
        return changed

    async def end_logins(self, actor: Actor, user_id: int, session_id: str | None = None) -> int:
        """
        End all logins of a user, or one of them, and close their sockets on every worker.

        Args:
            actor: the administrator.
            user_id: the user.
            session_id: the login, as it was listed; None for all.

        Returns:
            the number of logins that were ended.

        Raises:
            NoSuchPerson: there is no such user.
            IsAdministrator: the user is an administrator, and the request came over HTTP.
        """
        async with self.ctx.app.orm.transaction() as connection:
            await self.lock(connection, actor, user_id)
            if session_id is None:
                ended = await end_sessions(connection, user_id, "ended")
            else:
                one = Session.filter(id=session_id, user_id=user_id, revoke_time=None)
                is_live = await one.using_db(connection).update(
                    revoke_time=milliseconds(), end_reason="ended"
                )
                ended = [UUID(session_id)] if is_live else []
            if ended or session_id is None:
                await self.ctx.service.admin.audit.record(
                    connection,
                    actor,
                    "user.end_logins",
                    ("user", user_id),
                    ended=len(ended),
                    login=session_id or "",
                )
        # Also a login that had ended before: its sockets may have missed it.
        kicked = ended if session_id is None else [UUID(session_id)]
        self.ctx.service.account.logins.kick(user_id, kicked, tokens=session_id is None)
        return len(ended)

    async def reset_password(self, actor: Actor, user_id: int, reason: str = "") -> NewReset:
        """
        Return a one-time token with which the user sets a new password.

        Until it is used, the old password and the logins remain.

        Args:
            actor: the administrator.
            user_id: the user.
            reason: for the audit.

        Raises:
            NoSuchPerson: there is no such user.
            IsAdministrator: the user is an administrator, and the request came over HTTP.
        """
        auth = self.ctx.app.config.auth
        async with self.ctx.app.orm.transaction() as connection:
            await self.lock(connection, actor, user_id)
            token = await issue_reset(self.ctx.app.orm, user_id, auth.reset_expires_in)
            await self.ctx.service.admin.audit.record(
                connection, actor, "user.reset_password", ("user", user_id), reason=reason
            )
        link = auth.reset_url.replace("{token}", token)
        return NewReset(token, link, auth.reset_expires_in)

    async def delete(self, actor: Actor, user_id: int, *, erase: bool, reason: str = "") -> None:
        """
        Delete an account.

        A deletion has many transactions. The first one disables the user and records the act, so a
        deletion that fails later leaves a disabled user, and is repeated.

        Args:
            actor: the administrator.
            user_id: the user.
            erase: whether to erase the user's messages everywhere, too.
            reason: for the audit.

        Raises:
            NoSuchPerson: there is no such user.
            IsAdministrator: the user is an administrator, and the request came over HTTP.
            OwnsGroups: the user owns groups, which would be without an owner.
        """
        async with self.ctx.app.orm.transaction() as connection:
            await self.lock(connection, actor, user_id)
            owned = Group.filter(owner_id=user_id, dissolve_time=None).using_db(connection)
            if await owned.exists():
                raise OwnsGroups
            await User.filter(id=user_id).using_db(connection).update(status=0)
            await self.ctx.service.admin.audit.record(
                connection, actor, "user.delete", ("user", user_id), erase=erase, reason=reason
            )
        await self.ctx.service.account.deletion.delete(user_id, erase=erase)

    async def lock(self, connection: BaseDBAsyncClient, actor: Actor, user_id: int) -> User:
        """
        Return a user whom the administrator may change, locked until the transaction ends.

        Args:
            connection: the transaction.
            actor: the administrator.
            user_id: the user.

        Raises:
            NoSuchPerson: there is no such user.
            IsAdministrator: the user is an administrator, and the request came over HTTP.
        """
        user = await User.filter(id=user_id).using_db(connection).select_for_update().first()
        deleted = Account.filter(user_id=user_id, delete_time__not_isnull=True)
        if user is None or await deleted.using_db(connection).exists():
            raise NoSuchPerson
        if actor.user_id is not None and await self.ctx.service.admin.roles.is_administrator(
            user_id
        ):
            raise IsAdministrator
        return user
