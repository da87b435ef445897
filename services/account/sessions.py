"""Sessions: one for each login, from the first token until it expires or is revoked."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from tortoise.expressions import Q
from uuid_utils.compat import UUID, uuid7

from models import Session, User
from models.columns import milliseconds
from services import Service
from services.account.digest import digest
from services.errors import BadRefreshToken, BadToken, LoggedOut, UserDisabled

REFRESH_GRACE_MS = 30_000
"""Milliseconds in which the refresh token that was used last is accepted again."""


class Login(msgspec.Struct):
    """What a client stores after a login. It contains secrets, for its owner only."""

    id: int
    username: str
    nickname: str
    avatar: str
    token: str
    expires_in: int
    refresh_token: str


class SessionsService(Service):
    """A service that opens, refreshes and revokes sessions."""

    async def open(self, user: User) -> Login:
        """Open a session for *user*, and return its tokens."""
        session_id, refresh_token = uuid7(), secrets.token_urlsafe(32)
        async with self.ctx.app.orm.transaction() as connection:
            await Session.create(
                id=session_id,
                user_id=user.id,
                refresh_hash=digest(refresh_token),
                expire_time=milliseconds() + self._lifetime(),
                using_db=connection,
            )
        return self._login(user, session_id, refresh_token)

    async def refresh(self, refresh_token: str) -> Login:
        """
        Return new tokens for a refresh token, which cannot be used again.

        For `REFRESH_GRACE_MS` it can be: the answer may have been lost on its way.

        Raises:
            BadRefreshToken: it is unknown, expired or revoked. One that was used before revokes
                the session: two parties have it, and one of them is a thief.
            UserDisabled: the account was disabled.
        """
        used, now = digest(refresh_token), milliseconds()
        session = await Session.get_or_none(
            Q(refresh_hash=used) | Q(previous_hash=used), revoke_time=None, expire_time__gt=now
        )
        if session is None:
            raise BadRefreshToken
        if session.refresh_hash != used and session.refresh_time < now - REFRESH_GRACE_MS:
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
                    refresh_hash=digest(fresh),
                    previous_hash=used,
                    refresh_time=now,
                    expire_time=now + self._lifetime(),
                )
            )
        if not rotated:
            raise BadRefreshToken  # another request was first with the same token
        return self._login(user, session.id, fresh)

    async def revoke(self, claims: dict[str, Any], refresh_token: str | None) -> None:
        """
        Revoke the session of a token, and the session of *refresh_token*.

        Their tokens become invalid and their sockets are closed, on every worker.

        Args:
            claims: of the token.
            refresh_token: of the same user; others are ignored.
        """
        user_id = claims["id"]
        ids = {_session_id(claims)}
        if refresh_token:
            session = await Session.get_or_none(refresh_hash=digest(refresh_token), user_id=user_id)
            ids.add(session.id if session else None)
        for session_id in ids:
            if session_id is not None:
                await self._revoke(user_id, session_id)

    async def check(self, claims: dict[str, Any]) -> None:
        """
        Check that the session of a token was not revoked.

        A token that names no session, such as an Egg application's, has none to revoke.

        Raises:
            LoggedOut: it was revoked.
            BadToken: the session's id is malformed.
        """
        session_id = _session_id(claims)
        if session_id is None:
            return
        session = await self.ctx.app.sessions.get(session_id)
        if session is None or session.user_id != claims["id"]:
            raise LoggedOut

    async def _revoke(self, user_id: int, session_id: UUID) -> None:
        async with self.ctx.app.orm.transaction() as connection:
            await (
                Session.filter(id=session_id, revoke_time=None)
                .using_db(connection)
                .update(revoke_time=milliseconds())
            )
        error = LoggedOut()
        self.ctx.app.ws.kick(
            user_id,
            error.close_code,
            "logged out",
            data=error.close_notice(),
            session=str(session_id),
        )

    def _login(self, user: User, session_id: UUID, refresh_token: str) -> Login:
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


def _session_id(claims: dict[str, Any]) -> UUID | None:
    sid = claims.get("sid")
    try:
        return UUID(sid) if isinstance(sid, str) else None
    except ValueError:
        raise BadToken from None
