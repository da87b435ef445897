"""How users and sessions are read from the database, many in one query."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.expressions import Q
from uuid_utils.compat import UUID

from models import Account, Session, User
from services.account.sql import comparable_ids

USER_CACHE_SECONDS = 5.0
"""Age up to which an HTTP request accepts a user's row: nothing here changes the status of a user,
and when another application does, it takes effect within this time."""


async def find_users(ids: Sequence[int]) -> dict[int, User]:
    """Return users by id; those whose account was deleted are left out."""
    ids = list(await comparable_ids(None, ids))
    users = {user.id: user for user in await User.filter(id__in=ids)} if ids else {}
    changed = Q(tokens_after__gt=0) | Q(delete_time__not_isnull=True)
    for account in await Account.filter(changed, user_id__in=ids):
        if account.delete_time is not None:
            users.pop(account.user_id, None)
        elif account.user_id in users:
            users[account.user_id].tokens_after = account.tokens_after
    return users


async def find_sessions(ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Return sessions that were not revoked, by id."""
    found = await Session.filter(id__in=ids, revoke_time=None)
    return {session.id: session for session in found}
