"""Normalised usernames of users that another application added to the `user` table."""

from __future__ import annotations

import asyncio
import logging

from models import Account
from services.account.sql import users_without_account
from services.database import Database
from services.names import username_key

INTERVAL_SECONDS = 3600.0
BATCH = 500
"""Users that are read and stored at once."""


class NameIndex:
    """
    A background task that stores the normalised usernames of users who have none.

    It runs at the start and once an hour. A username that cannot be normalised, or whose key an
    earlier user has, gets no key: that user logs in with exactly their username.
    """

    def __init__(self, orm: Database, logger: logging.Logger) -> None:
        self._orm = orm
        self._logger = logger
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop the task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def fill(self) -> None:
        """Store what is missing."""
        after = 0
        while users := await users_without_account(self._orm, after, BATCH):
            await self._store(users)
            after = users[-1][0]

    async def _store(self, users: list[tuple[int, str]]) -> None:
        keys = {user_id: username_key(username) for user_id, username in users}
        wanted = [key for key in keys.values() if key is not None]
        taken: set[str | None] = {one.name for one in await Account.filter(name__in=wanted)}
        accounts = []
        for user_id, key in keys.items():
            name = None if key in taken else key
            taken.add(key)
            accounts.append(Account(user_id=user_id, name=name))
        async with self._orm.transaction() as connection:
            # Another worker may do the same: what it stored first is kept.
            await Account.bulk_create(accounts, ignore_conflicts=True, using_db=connection)

    async def _run(self) -> None:
        while True:
            try:
                await self.fill()
            except Exception as error:  # noqa: BLE001 - the boundary of one run
                self._logger.error("usernames could not be normalised: %s", error)
            await asyncio.sleep(INTERVAL_SECONDS)
