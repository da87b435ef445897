"""The search for users by a part of their names."""

from __future__ import annotations

from typing import Any

from services.account.search_keys import MAX_KEY_LENGTH, PLACES, USERNAME, names_of
from services.account.sql import FoundKey, find_by_key, find_by_username
from services.database import Database
from services.search.terms import plain

MAX_PAGES = 20
"""Queries for the keys of one place: a user may have several that begin with the text."""


async def find_users_by_text(
    database: Database, viewer_id: int, text: str, limit: int
) -> list[dict[str, Any]]:
    """
    Return the columns that others see of users whose names contain a text.

    Usernames that begin with it come first, then display names that begin with it, then other
    names that contain it, the shortest first. Case and width make no difference, and Chinese names
    are also found by their pinyin and by its initials. Users are left out who are disabled or
    deleted, who blocked the one who asks, or who decided not to be found like this.

    Args:
        database: the database.
        viewer_id: the user who asks.
        text: the text as it was typed.
        limit: the largest number of users.
    """
    wanted = plain(text)
    found: dict[int, dict[str, Any]] = {}
    for place in PLACES if wanted else ():
        key, after = wanted[:MAX_KEY_LENGTH].rstrip(), ("", 0)
        for _ in range(MAX_PAGES):
            size = 2 * limit
            keys = await find_by_key(
                *(database, viewer_id, key, place, after, size), is_username=place == USERNAME
            )
            for one in keys:
                if _is_current(one, wanted):
                    found.setdefault(one.user["id"], one.user)
                if len(found) == limit:
                    return [*found.values()]
            if len(keys) < size:
                break
            after = keys[-1].term, keys[-1].key_id
        if place == USERNAME:
            for user in await find_by_username(database, viewer_id, text, limit - len(found)):
                found.setdefault(user["id"], user)
    return [*found.values()][:limit]


def _is_current(key: FoundKey, wanted: str) -> bool:
    """Return whether the user still has the name of the key, and all of the text is in it."""
    username, nickname = key.user["username"], key.user["nickname"] or ""
    if key.searched_names != names_of(username, nickname):
        return False
    if len(wanted) <= MAX_KEY_LENGTH:
        return True
    return wanted in plain(username) or wanted in plain(nickname)
