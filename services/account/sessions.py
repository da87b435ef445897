"""Sessions: one for each login, from the first token until it expires or is ended."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from uuid_utils.compat import UUID, uuid7

from models import Account, Session, User
from models.columns import milliseconds
from services import Service
from services.account.devices import device_name
from services.account.digest import digest
from services.errors import (
    BadRefreshToken,
    BadToken,
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
MAX_LISTED = 200
"""Sessions that are listed: those used last."""

EndReason = Literal["logout", "ended", "reused", "password", "deleted"]


class Login(msgspec.Struct):
    """What a client stores after a login. It contains secrets, for its owner only."""

    id: int
    username: str
    nickname: str
    avatar: str
    token: str
    expires_in: int
    refresh_token: str


class Device(msgspec.Struct):
    """A login of one's own, as it is listed."""

    id: str
    device: str
    """A short name from the User-Agent, such as "Firefox on Linux"; may be empty."""
    address: str
    """The network address of the last login or refresh."""
    create_time: int
    use_time: int
    """When it was last used, to within a minute."""
    current: bool
    """Whether the request was made with this login."""


class SessionsService(Service):
    """A service that opens, refreshes, lists and ends sessions."""

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
                await self._end(session.user_id, [session.id], "reused")
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

    # --- listing and ending

    async def devices(self, claims: dict[str, Any]) -> list[Device]:
        """Return the live sessions of a token's user, the one used last first."""
        current = _session_id(claims)
        sessions = (
            await Session.filter(
                user_id=claims["id"], revoke_time=None, expire_time__gt=milliseconds()
            )
            .order_by("-use_time", "-id")
            .limit(MAX_LISTED)
        )
        return [
            Device(
                id=str(session.id),
                device=session.device,
                address=session.address,
                create_time=session.create_time,
                use_time=session.use_time or session.refresh_time,
                current=session.id == current,
            )
            for session in sessions
        ]

    async def revoke(self, claims: dict[str, Any], refresh_token: str | None) -> None:
        """
        End the session of a token, and the session of *refresh_token*.

        Their tokens become invalid and their sockets are closed, on every worker.

        Args:
            claims: of the token.
            refresh_token: of the same user; others are ignored.
        """
        user_id = claims["id"]
        ids = {_session_id(claims)}
        if refresh_token:
            hashed = digest(refresh_token)
            session = await Session.get_or_none(
                Q(refresh_hash=hashed) | Q(previous_hash=hashed), user_id=user_id
            )
            ids.add(session.id if session else None)
        await self._end(user_id, [one for one in ids if one is not None], "logout")

    async def end(self, user_id: int, session_id: str) -> int:
        """
        End one session of a user.

        Args:
            user_id: the user.
            session_id: as it was listed. Any other, also of another user, is ignored.

        Returns:
            the number of sessions that were ended: 0 or 1.
        """
        try:
            found = UUID(session_id)
        except ValueError:
            return 0
        live = await Session.filter(id=found, user_id=user_id, revoke_time=None)
        return await self._end(user_id, [session.id for session in live], "ended")

    async def end_all(
        self, user_id: int, reason: EndReason = "ended", *, keep: dict[str, Any] | None = None
    ) -> int:
        """
        End all sessions of a user, and refuse the tokens that belong to no session.

        Args:
            user_id: the user.
            reason: stored with the sessions.
            keep: claims of a token whose session is kept. A token that belongs to no session is
                refused, too, because nothing distinguishes it from other such tokens.

        Returns:
            the number of sessions that were ended.
        """
        async with self.ctx.app.orm.transaction() as connection:
            ended = await end_sessions(connection, user_id, reason, keep=keep)
        self.kick(user_id, ended, tokens=True)
        return len(ended)

    def kick(self, user_id: int, session_ids: Collection[UUID], *, tokens: bool = False) -> None:
        """
        Close the sockets of sessions that were ended, on every worker.

        Args:
            user_id: the user.
            session_ids: the sessions.
            tokens: whether to close also those of tokens that belong to no session.
        """
        error, kick = LoggedOut(), self.ctx.app.ws.kick
        sids: list[str | None] = [str(one) for one in session_ids]
        for sid in [*sids, None] if tokens else sids:
            kick(user_id, error.close_code, "logged out", data=error.close_notice(), session=sid)

    async def check(self, claims: dict[str, Any]) -> None:
        """
        Check that the session of a token was not ended, and note that it is used.

        A token that names no session, such as an Egg application's, has none to end.

        Raises:
            LoggedOut: it was ended.
            BadToken: the session's id is malformed.
        """
        session_id = _session_id(claims)
        if session_id is None:
            return
        session = await self.ctx.app.sessions.get(session_id)
        if session is None or session.user_id != claims["id"]:
            raise LoggedOut
        self.ctx.app.session_use.note(session, claims.get("gen"))

    async def _end(self, user_id: int, ids: Collection[UUID], reason: EndReason) -> int:
        if not ids:
            return 0
        async with self.ctx.app.orm.transaction() as connection:
            ended = (
                await Session.filter(id__in=list(ids), user_id=user_id, revoke_time=None)
                .using_db(connection)
                .update(revoke_time=milliseconds(), end_reason=reason)
            )
        # Also those that were ended before: their sockets may have missed it.
        self.kick(user_id, ids)
        return ended

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


async def end_sessions(
    connection: BaseDBAsyncClient,
    user_id: int,
    reason: EndReason,
    *,
    keep: dict[str, Any] | None = None,
) -> list[UUID]:
    """
    End all sessions of a user within a transaction, and refuse tokens that belong to no session.

    After the commit, `SessionsService.kick` closes their sockets.

    Args:
        connection: of the transaction.
        user_id: the user.
        reason: stored with the sessions.
        keep: claims of a token whose session is kept.

    Returns:
        the sessions that were ended.
    """
    kept, now = _session_id(keep) if keep else None, milliseconds()
    account, _ = await Account.get_or_create(user_id=user_id, using_db=connection)
    account.tokens_after = now
    await account.save(update_fields=["tokens_after"], using_db=connection)
    live = await Session.filter(user_id=user_id, revoke_time=None).using_db(connection)
    ended = [session.id for session in live if session.id != kept]
    if ended:
        await (
            Session.filter(user_id=user_id, revoke_time=None)
            .exclude(id=kept or UUID(int=0))
            .using_db(connection)
            .update(revoke_time=now, end_reason=reason)
        )
    return ended


def _session_id(claims: dict[str, Any]) -> UUID | None:
    sid = claims.get("sid")
    try:
        return UUID(sid) if isinstance(sid, str) else None
    except ValueError:
        raise BadToken from None
