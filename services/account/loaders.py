"""Loaders of users and sessions, which read many in one query."""

from __future__ import annotations

from collections.abc import Sequence

from uuid_utils.compat import UUID

from models import Session, User
from services.account.sql import comparable_ids, find_changed_accounts

USER_CACHE_SECONDS = 5.0
"""Age up to which an HTTP request accepts a user's row: requests of a user whom an administrator or
another application disabled are refused within this time. Sockets are closed sooner."""


async def find_users(ids: Sequence[int]) -> dict[int, User]:
    """Return users by id; those whose account was deleted are left out."""
    ids = list(await comparable_ids(None, ids))
    users = {user.id: user for user in await User.filter(id__in=ids)} if ids else {}
    for user_id, tokens_after, is_deleted in await find_changed_accounts(users):
        if is_deleted:
            del users[user_id]
        else:
            users[user_id].tokens_after = tokens_after
    return users


async def find_sessions(ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Return sessions that were not revoked, by id."""
    found = await Session.filter(id__in=ids, revoke_time=None)
    return {session.id: session for session in found}
