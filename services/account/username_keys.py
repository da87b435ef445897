"""Normalised usernames and search keys of users that another application added."""

from __future__ import annotations

import logging
from functools import partial

from models import Account
from services.account.search_keys import store_changed_keys
from services.account.sql import users_without_account
from services.database import Database
from services.names import username_key
from yolk.concurrency import PeriodicTask

INTERVAL_SECONDS = 3600.0
BATCH_USERS = 500
"""Users that are read and stored at once."""


def username_key_task(orm: Database, logger: logging.Logger) -> PeriodicTask:
    """Return the task that stores what is missing of names, at the start and once an hour."""
    return PeriodicTask(
        partial(_store_all, orm),
        INTERVAL_SECONDS,
        "usernames could not be normalised",
        logger,
        unavailable_errors=orm.unavailable_errors,
    )


async def _store_all(orm: Database) -> None:
    await store_missing_keys(orm)
    await store_changed_keys(orm)  # of users who have a row now


async def store_missing_keys(orm: Database) -> None:
    """
    Store the normalised usernames of all users who have none.

    A username that cannot be normalised, or whose key an earlier user has, gets no key: that user
    logs in with exactly their username.
    """
    after = 0
    while users := await users_without_account(orm, after, BATCH_USERS):
        await _store(orm, users)
        after = users[-1][0]


async def _store(orm: Database, users: list[tuple[int, str]]) -> None:
    keys = {user_id: username_key(username) for user_id, username in users}
    wanted = [key for key in keys.values() if key is not None]
    taken: set[str | None] = {one.name for one in await Account.filter(name__in=wanted)}
    accounts = []
    for user_id, key in keys.items():
        name = None if key in taken else key
        taken.add(key)
        accounts.append(Account(user_id=user_id, name=name))
    async with orm.transaction() as connection:
        # Another worker may do the same: what it stored first is kept.
        await Account.bulk_create(accounts, ignore_conflicts=True, using_db=connection)
