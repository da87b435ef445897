"""Who one is: accounts, logins, tokens and tickets."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from uuid_utils.compat import UUID, uuid7

from models import Session, User
from models.columns import milliseconds
from services.errors import (
    BadRefreshToken,
    BadToken,
    LoggedOut,
    NameTaken,
    NoSuchUser,
    TokenExpired,
    UserDisabled,
    WrongPassword,
)
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


RECENT = 5.0
"""Seconds for which an HTTP request takes a user's row as it was: nothing here changes the status
of a user, and where another application does, it holds within that time."""

GRACE = 30_000
"""Milliseconds for which a refresh token that was just used up is taken once more."""


class Login(msgspec.Struct):
    """What a client keeps after a login. It holds secrets: it is for its owner only."""

    id: int
    username: str
    nickname: str
    avatar: str
    token: str
    expires_in: int
    refresh_token: str


class AccountService(Service):
    """Registers people, logs them in and out, and tells who holds a token."""

    ctx: Context

    async def register(self, username: str, password: str, nickname: str) -> Login:
        """
        Make an account and log in.

        Raises:
            NameTaken: somebody has this username.
        """
        if await User.exists(username=username):
            raise NameTaken  # before a hash is paid for
        stored = await self.ctx.app.passwords.hash(password)
        try:
            async with self.ctx.app.orm.transaction() as connection:
                user = await User.create(
                    username=username, password=stored, nickname=nickname, using_db=connection
                )
        except IntegrityError:
            if await User.exists(username=username):
                raise NameTaken from None
            raise  # an existing table wants a column that we know nothing of
        return await self._open_session(user)

    async def login(self, username: str, password: str) -> Login:
        """
        Log in on one more device.

        Raises:
            WrongPassword: there is no such user, or it is another password.
            UserDisabled: the account was disabled.
        """
        user = await User.get_or_none(username=username)
        right = await self.ctx.app.passwords.verify(user.password if user else None, password)
        if user is None or not right:
            raise WrongPassword
        if not user.status:
            raise UserDisabled
        return await self._open_session(user)

    async def refresh(self, refresh_token: str) -> Login:
        """
        Give a new token for a refresh token, which is used up by it.

        For `GRACE` a used one is taken once more: the answer may have been lost on its way.

        Raises:
            BadRefreshToken: it is unknown, expired or revoked. One that was used up before ends
                the login: two parties hold it, and one of them is a thief.
            UserDisabled: the account was disabled.
        """
        digest, now = _digest(refresh_token), _now()
        session = await Session.get_or_none(
            Q(refresh_hash=digest) | Q(previous_hash=digest), revoke_time=None, expire_time__gt=now
        )
        if session is None:
            raise BadRefreshToken
        if session.refresh_hash != digest and session.refresh_time < now - GRACE:
            await self._revoke(session.user_id, session.id)
            raise BadRefreshToken
        user = await User.get_or_none(id=session.user_id)
        if user is None:
            raise BadRefreshToken
        if not user.status:
            raise UserDisabled
        fresh = secrets.token_urlsafe(32)
        async with self.ctx.app.orm.transaction() as connection:
            rotated = (
                await Session.filter(
                    id=session.id, refresh_hash=session.refresh_hash, revoke_time=None
                )
                .using_db(connection)
                .update(
                    refresh_hash=_digest(fresh),
                    previous_hash=digest,
                    refresh_time=now,
                    expire_time=now + self._lifetime(),
                )
            )
        if not rotated:
            raise BadRefreshToken  # another request was first with the same token
        return self._answer(user, session.id, fresh)

    async def logout(self, claims: dict[str, Any], refresh_token: str | None) -> None:
        """
        End a login: the one that the token came from, and the one of *refresh_token*.

        Its tokens and open sockets end with it, on every worker.
        """
        user_id = claims["id"]
        ids = {_session_id(claims)}
        if refresh_token:
            session = await Session.get_or_none(
                refresh_hash=_digest(refresh_token), user_id=user_id
            )
            ids.add(session.id if session else None)
        for session_id in ids:
            if session_id is not None:
                await self._revoke(user_id, session_id)

    async def issue_ticket(self, claims: dict[str, Any]) -> str:
        """Give a ticket that opens one socket within a short time, in place of the token."""
        ticket = secrets.token_urlsafe(24)
        kept = {"id": claims["id"], "sid": claims.get("sid")}
        seconds = self.ctx.app.config.auth.ticket_expires_in
        await self.ctx.app.redis.set(_ticket_key(ticket), msgspec.json.encode(kept), ex=seconds)
        return ticket

    async def redeem_ticket(self, ticket: str) -> dict[str, Any]:
        """
        Give the claims behind a ticket, which is used up by it.

        Raises:
            BadToken: it is unknown, used or expired.
        """
        kept = await self.ctx.app.redis.getdel(_ticket_key(ticket))
        if kept is None:
            raise BadToken
        claims: dict[str, Any] = msgspec.json.decode(kept)
        return claims

    async def identify(self, ticket: str | None, token: str | None) -> dict[str, Any]:
        """
        Give the claims of a ticket, or without one of a token.

        Raises:
            TokenExpired: the token was good once.
            BadToken: there is neither, or it is none of ours.
        """
        return await self.redeem_ticket(ticket) if ticket else self.verify(token)

    def verify(self, token: str | None) -> dict[str, Any]:
        """
        Give the claims of a token.

        Raises:
            TokenExpired: it was good once.
            BadToken: there is none, or it is none of ours.
        """
        try:
            return self.ctx.check_token(token)
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except jwt.InvalidTokenError:
            raise BadToken from None

    async def user_of(self, claims: dict[str, Any], *, recent: bool = False) -> User:
        """
        Give the user that *claims* speak of, read from the database.

        Args:
            claims: what the token says.
            recent: take the row that was read `RECENT` seconds ago, too. Whether the login was
                ended is looked up all the same.

        Raises:
            NoSuchUser: there is none.
            LoggedOut: the token's login was ended. A token that names no login, such as an Egg
                application's, has none that could.
        """
        users = self.ctx.app.users
        user = await (users.get_recent if recent else users.get)(claims["id"])
        if user is None:
            raise NoSuchUser
        await self.check_session(claims)
        return user

    async def check_session(self, claims: dict[str, Any]) -> None:
        """
        Make sure that the login which a token came from was not ended.

        Raises:
            LoggedOut: it was.
        """
        session_id = _session_id(claims)
        if session_id is None:
            return
        session = await self.ctx.app.sessions.get(session_id)
        if session is None or session.user_id != claims["id"]:
            raise LoggedOut

    async def _open_session(self, user: User) -> Login:
        session_id, refresh_token = uuid7(), secrets.token_urlsafe(32)
        async with self.ctx.app.orm.transaction() as connection:
            await Session.create(
                id=session_id,
                user_id=user.id,
                refresh_hash=_digest(refresh_token),
                expire_time=_now() + self._lifetime(),
                using_db=connection,
            )
        return self._answer(user, session_id, refresh_token)

    async def _revoke(self, user_id: int, session_id: UUID) -> None:
        async with self.ctx.app.orm.transaction() as connection:
            await (
                Session.filter(id=session_id, revoke_time=None)
                .using_db(connection)
                .update(revoke_time=_now())
            )
        reason = LoggedOut()
        self.ctx.app.ws.kick(
            user_id,
            reason.close_code,
            "logged out",
            data=reason.farewell(),
            session=str(session_id),
        )

    def _answer(self, user: User, session_id: UUID, refresh_token: str) -> Login:
        tokens = self.ctx.app.jwt
        return Login(
            id=user.id,
            username=user.username,
            nickname=user.nickname or user.username,
            avatar=user.avatar or "",
            token=tokens.sign({"id": user.id, "sid": str(session_id)}),
            expires_in=tokens.expires_in,
            refresh_token=refresh_token,
        )

    def _lifetime(self) -> int:
        return self.ctx.app.config.auth.refresh_expires_in * 1000


async def find_users(ids: Sequence[int]) -> dict[int, User]:
    """Read users from the database."""
    return {user.id: user for user in await User.filter(id__in=ids)}


async def find_sessions(ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Read those logins from the database that were not ended."""
    found = await Session.filter(id__in=ids, revoke_time=None)
    return {session.id: session for session in found}


def _session_id(claims: dict[str, Any]) -> UUID | None:
    sid = claims.get("sid")
    try:
        return UUID(sid) if isinstance(sid, str) else None
    except ValueError:
        raise BadToken from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _ticket_key(ticket: str) -> str:
    return f"yolk:ticket:{_digest(ticket)}"


def _now() -> int:
    return milliseconds()
