"""The lookup of a user by a typed username."""

from __future__ import annotations

from models import Account, User
from services.names import username_key


async def find_user(username: str) -> User | None:
    """
    Return the user of a typed username, or None.

    Exactly this username comes first, so that users of an existing table, whose usernames may
    differ in case only, are each found by theirs; then one that counts as the same.
    """
    if "\0" in username:
        return None  # PostgreSQL refuses it
    user = await User.get_or_none(username=username)
    if user is None or user.username != username:
        key = username_key(username)
        account = await Account.get_or_none(name=key) if key else None
        if account is not None:
            user = await User.get_or_none(id=account.user_id)
        # Otherwise a username that the database considers equal: MariaDB ignores case.
    if user is None or await Account.exists(user_id=user.id, delete_time__not_isnull=True):
        return None
    return user
