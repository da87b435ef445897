"""The logins of a user: their list, and their end."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from uuid_utils.compat import UUID

from models import Account, Session
from models.columns import milliseconds
from services import Service
from services.account.digest import digest
from services.errors import BadToken, LoggedOut

MAX_LISTED = 200
"""Sessions that are listed: those used last."""

EndReason = Literal["logout", "ended", "reused", "password", "deleted"]


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
    """True for the login that the request was made with."""


class LoginsService(Service):
    """A service that lists and ends the sessions of users."""

    async def list(self, claims: dict[str, Any]) -> list[Device]:
        """Return the live sessions of a token's user, the one used last first."""
        current = session_id_of(claims)
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
        ids = {session_id_of(claims)}
        if refresh_token:
            hashed = digest(refresh_token)
            session = await Session.get_or_none(
                Q(refresh_hash=hashed) | Q(previous_hash=hashed), user_id=user_id
            )
            ids.add(session.id if session else None)
        await self.end_some(user_id, [one for one in ids if one is not None], "logout")

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
        return await self.end_some(user_id, [session.id for session in live], "ended")

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

    async def end_some(self, user_id: int, ids: Collection[UUID], reason: EndReason) -> int:
        """
        End those of some sessions that belong to a user and are live.

        Args:
            user_id: the user.
            ids: the sessions.
            reason: stored with the sessions.

        Returns:
            the number of sessions that were ended.
        """
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


async def end_sessions(
    connection: BaseDBAsyncClient,
    user_id: int,
    reason: EndReason,
    *,
    keep: dict[str, Any] | None = None,
) -> list[UUID]:
    """
    End all sessions of a user within a transaction, and refuse tokens that belong to no session.

    After the commit, `LoginsService.kick` closes their sockets.

    Args:
        connection: of the transaction.
        user_id: the user.
        reason: stored with the sessions.
        keep: claims of a token whose session is kept.

    Returns:
        the sessions that were ended.
    """
    kept, now = session_id_of(keep) if keep else None, milliseconds()
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


def session_id_of(claims: dict[str, Any]) -> UUID | None:
    """
    Return the session of a token, or None if it belongs to none, such as an Egg application's.

    Raises:
        BadToken: the session's id is malformed.
    """
    sid = claims.get("sid")
    try:
        return UUID(sid) if isinstance(sid, str) else None
    except ValueError:
        raise BadToken from None
