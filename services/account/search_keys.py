"""The texts by which users are found: all parts of their names, and pinyin for Chinese names."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice, product
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Account, User, UserSearchKey
from services.account.sql import users_with_changed_names
from services.database import Database
from services.search.terms import plain

BATCH_USERS = 25
"""Users whose keys are stored in one transaction."""
REST_SECONDS = 0.02
"""The time between two transactions, in which others write."""
MAX_KEY_LENGTH = 32
"""Characters of a key: the beginning of a longer one finds the user as well."""
MAX_NAME_LENGTH = 64
"""Characters of a name that are searched; names in existing tables may be longer."""
MAX_READINGS = 4
"""Readings of one Chinese character: "曾" is "zeng" and "ceng"."""
MAX_SPELLINGS = 12
"""Spellings in pinyin of one name, if several of its characters have several readings."""

USERNAME, BEGINNING, INSIDE = range(3)
"""The places of keys: a whole username, the beginning of a display name, and inside of either."""
PLACES = (USERNAME, BEGINNING, INSIDE)

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


def search_keys(username: str, nickname: str) -> dict[str, int]:
    """
    Return the keys of a user, each with its place.

    A user is found by a text if a key begins with it.
    """
    keys: dict[str, int] = {}

    def add(text: str, place: int) -> None:
        key = text[:MAX_KEY_LENGTH].rstrip()
        if key and place < keys.get(key, INSIDE + 1):
            keys[key] = place

    for name, first in ((username, USERNAME), (nickname, BEGINNING)):
        characters = plain(name[:MAX_NAME_LENGTH])[:MAX_NAME_LENGTH]
        for start in range(len(characters)):
            add(characters[start:].lstrip(), INSIDE if start else first)
        for start, spelling in _pinyin(characters):
            add(spelling, INSIDE if start else BEGINNING)
    return keys


def names_of(username: str, nickname: str | None) -> str:
    """Return the names of a user as one text, which is stored to notice that they changed."""
    return f"{username}\n{nickname or ''}"


async def new_keys(user_id: int, username: str, nickname: str | None) -> list[UserSearchKey]:
    """Return the keys of a user, to be stored."""
    names = username, nickname or ""
    if "".join(names).isascii():
        keys = search_keys(*names)
    else:
        # The first Chinese name loads the dictionary.
        keys = await asyncio.to_thread(search_keys, *names)
    return [UserSearchKey(user_id=user_id, term=key, place=place) for key, place in keys.items()]


async def store_search_keys(connection: BaseDBAsyncClient, user_ids: Sequence[int]) -> None:
    """
    Store the keys of users whose names changed since their keys were stored.

    Args:
        connection: the transaction; it has changed the names, if that is part of it.
        user_ids: users who have an `Account`.
    """
    # Locked, so that a user's keys are not stored twice at the same time.
    query = Account.filter(user_id__in=user_ids, delete_time=None).using_db(connection)
    accounts = {one.user_id: one for one in await query.order_by("user_id").select_for_update()}
    keys: list[UserSearchKey] = []
    earlier: list[int] = []
    changed: list[Account] = []
    for user in await User.filter(id__in=list(accounts)).using_db(connection):
        account, names = accounts[user.id], names_of(user.username, user.nickname)
        if account.searched_names == names:
            continue
        if account.searched_names is not None:
            earlier.append(user.id)
        account.searched_names = names
        changed.append(account)
        keys += await new_keys(user.id, user.username, user.nickname)
    if not changed:
        return
    if earlier:
        await UserSearchKey.filter(user_id__in=earlier).using_db(connection).delete()
    await UserSearchKey.bulk_create(keys, batch_size=500, using_db=connection)
    await Account.bulk_update(changed, ["searched_names"], using_db=connection)


async def store_changed_keys(orm: Database) -> None:
    """
    Store the keys of all users whose names are not those that the keys were made of.

    They registered before there were keys, or another application stores names in the table.
    """
    after = 0
    while ids := await users_with_changed_names(orm, after, BATCH_USERS):
        async with orm.transaction() as connection:
            await store_search_keys(connection, ids)
        after = ids[-1]
        await asyncio.sleep(REST_SECONDS)


def _pinyin(name: str) -> Iterable[tuple[int, str]]:
    """Return where the Chinese part of a name begins, and its pinyin from there: full, initials."""
    if not _HAN.search(name):
        return
    syllables = [
        _readings(one) if _HAN.fullmatch(one) else (one,) for one in name if not one.isspace()
    ]
    for start in range(len(syllables)):
        # What is behind the longest key makes no difference.
        rest = syllables[start : start + MAX_KEY_LENGTH]
        for spelling in islice(product(*rest), MAX_SPELLINGS):
            yield start, "".join(spelling)
            yield start, "".join(one[0] for one in spelling)


@cache
def _dictionary() -> Any:
    """Return pypinyin, without its phrases: they take most of its time and memory."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    import pypinyin  # noqa: PLC0415 - after its settings, and only where a name needs it

    return pypinyin


def _readings(character: str) -> tuple[str, ...]:
    """Return the pinyin of a Chinese character without tones, the most frequent first."""
    library = _dictionary()
    found = library.pinyin(character, style=library.Style.NORMAL, heteronym=True)[0]
    # "ü" is typed as "v"; passports have "yu".
    spelled = [way for one in found for way in (one, one.replace("v", "yu"))]
    return tuple(dict.fromkeys(spelled))[:MAX_READINGS]
