"""Sessions: one for each login, from the first token until it expires or is ended."""

from __future__ import annotations

from typing import Any

import msgspec
from tortoise.expressions import Q
from uuid_utils.compat import UUID, uuid7

from models import Session, User
from models.columns import milliseconds
from services import Service
from services.account.devices import device_name
from services.account.digest import digest
from services.account.logins import session_id_of
from services.errors import (
    BadRefreshToken,
    Busy,
    LoggedOut,
    RefreshTokenReused,
    UserDisabled,
    WrongPassword,
)

REFRESH_GRACE_MS = 30_000
"""Milliseconds in which the refresh token that was used last is accepted again in any case."""
MAX_ATTEMPTS = 3
"""How often a rotation is tried that another request overtakes."""


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
    """A service that opens, refreshes and checks sessions."""

    async def open(self, user: User) -> Login:
        """
        Open a session for *user*, and return its tokens.

        Args:
            user: as it was read before the password was verified.

        Raises:
            WrongPassword: the password was changed since, or the account deleted.
        """
        session_id, now = uuid7(), milliseconds()
        refresh_token = self.ctx.app.refresh_tokens.first(session_id)
        async with self.ctx.app.orm.transaction() as connection:
            # Locked, so that a change of the password ends this session, too, or comes first.
            stored = await User.filter(id=user.id).using_db(connection).select_for_update().first()
            if stored is None or stored.password != user.password:
                raise WrongPassword
            await Session.create(
                id=session_id,
                user_id=user.id,
                refresh_hash=digest(refresh_token),
                create_time=now,
                refresh_time=now,
                use_time=now,
                expire_time=now + self._lifetime(),
                **self._origin(),
                using_db=connection,
            )
        return self._login(user, session_id, 0, refresh_token)

    # --- refreshing

    async def refresh(self, refresh_token: str) -> Login:
        """
        Return new tokens for a refresh token, which its successor replaces.

        Requests with the same token get the same successor, whether they come at once or because
        an answer was lost. The token is accepted for `REFRESH_GRACE_MS`, and beyond that until the
        successor, or an access token that came with it, is used.

        Raises:
            BadRefreshToken: it is unknown or expired, or the session was ended.
            RefreshTokenReused: it was replaced before: two parties have it, and one of them may be
                a thief. The session is ended.
            UserDisabled: the account was disabled.
            Busy: too many requests refresh this session at once.
        """
        for _ in range(MAX_ATTEMPTS):
            login = await self._refresh(refresh_token, digest(refresh_token))
            if login is not None:
                return login
        raise Busy

    async def _refresh(self, refresh_token: str, hashed: str) -> Login | None:
        """Return the tokens, or None if another request changed the session meanwhile."""
        tokens, now = self.ctx.app.refresh_tokens, milliseconds()
        session = await self._find(refresh_token, hashed)
        successor = tokens.successor(session.id, refresh_token)
        is_newest = session.refresh_hash == hashed
        if not is_newest:
            is_recent = session.refresh_time >= now - REFRESH_GRACE_MS
            is_unused = session.used_generation < session.generation
            is_previous = session.refresh_hash == digest(successor)
            if not (is_previous and (is_recent or is_unused)):
                await self.ctx.service.account.logins.end_some(
                    session.user_id, [session.id], "reused"
                )
                raise RefreshTokenReused
        user = await self.ctx.app.users.get(session.user_id)
        if user is None:
            raise BadRefreshToken
        if not user.status:
            raise UserDisabled
        if not is_newest:
            return self._login(user, session.id, session.generation, successor)
        generation = session.generation + 1
        async with self.ctx.app.orm.transaction() as connection:
            rotated = (
                await Session.filter(id=session.id, refresh_hash=hashed, revoke_time=None)
                .using_db(connection)
                .update(
                    refresh_hash=digest(successor),
                    previous_hash=hashed,
                    refresh_time=now,
                    generation=generation,
                    use_time=now,
                    expire_time=now + self._lifetime(),
                    **self._origin(),
                )
            )
        return self._login(user, session.id, generation, successor) if rotated else None

    async def _find(self, refresh_token: str, hashed: str) -> Session:
        """Return the live session of a refresh token, of whichever generation."""
        session = await Session.get_or_none(Q(refresh_hash=hashed) | Q(previous_hash=hashed))
        if session is None:
            older = self.ctx.app.refresh_tokens.session_of(refresh_token)
            session = await Session.get_or_none(id=older) if older else None
        if session is not None and session.end_reason == "reused":
            raise RefreshTokenReused  # whoever has the newest token learns why, too
        if session is None or session.revoke_time or session.expire_time <= milliseconds():
            raise BadRefreshToken
        return session

    async def check(self, claims: dict[str, Any]) -> None:
        """
        Check that the session of a token was not ended, and note that it is used.

        A token that names no session, such as an Egg application's, has none to end.

        Raises:
            LoggedOut: it was ended.
            BadToken: the session's id is malformed.
        """
        session_id = session_id_of(claims)
        if session_id is None:
            return
        session = await self.ctx.app.sessions.get(session_id)
        if session is None or session.user_id != claims["id"]:
            raise LoggedOut
        self.ctx.app.session_use.note(session, claims.get("gen"))

    # --- tokens

    def _login(self, user: User, session_id: UUID, generation: int, refresh_token: str) -> Login:
        tokens = self.ctx.app.jwt
        return Login(
            id=user.id,
            username=user.username,
            nickname=user.nickname or user.username,
            avatar=user.avatar or "",
            token=tokens.sign({"id": user.id, "sid": str(session_id), "gen": generation}),
            expires_in=tokens.expires_in,
            refresh_token=refresh_token,
        )

    def _origin(self) -> dict[str, str]:
        """Return the columns that say where a request comes from."""
        request = self.ctx.request
        return {"device": device_name(request.header.user_agent), "address": request.ip[:45]}

    def _lifetime(self) -> int:
        return self.ctx.app.config.auth.refresh_expires_in * 1000
