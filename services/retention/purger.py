"""The background task that purges by rule, on one worker of all."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from uuid_utils.compat import UUID

from services.database import Database
from services.file.uploader import Uploader
from services.redis import Redis
from services.retention import purge
from services.retention.erasing import scrub
from services.retention.settings import RetentionSettings
from yolk.concurrency import PeriodicTask

LEASE = "yolk:purge:lease"
"""The Redis key of the worker that purges; it expires when the next purge is due."""
PLACE = "yolk:purge:messages:"
"""The prefix of Redis keys: up to which message the content is erased. Without them all messages
are looked at again."""
CHECK_SECONDS = 60.0
"""How often a worker checks whether a purge is due, at the least."""


class Purger:
    """
    A purger of what is older than its rule allows.

    Args:
        settings: the rules.
        database: the database.
        redis: for the lease.
        uploader: removes files.
        logger: for what was deleted.
    """

    def __init__(
        self,
        settings: RetentionSettings,
        database: Database,
        redis: Redis,
        uploader: Uploader,
        logger: logging.Logger,
    ) -> None:
        self._settings = settings
        self._database = database
        self._redis = redis
        self._uploader = uploader
        self._logger = logger

    def periodically(self) -> PeriodicTask:
        """Return the task that purges whenever it is due."""
        return PeriodicTask(
            self.purge_if_due,
            min(CHECK_SECONDS, self._settings.interval),
            "old data could not be purged",
            self._logger,
            unavailable_errors=(
                *self._database.unavailable_errors,
                *self._redis.unavailable_errors,
            ),
            # At different times on each worker, and not while the server starts.
            jitter=0.5,
            is_immediate=False,
        )

    async def purge_if_due(self) -> None:
        """Purge, unless a worker did so less than an interval ago."""
        lease_ms = max(1, int(self._settings.interval * 1000))
        if await self._redis.set(LEASE, "1", nx=True, px=lease_ms):
            await self.purge()

    async def purge(self) -> dict[str, int]:
        """Delete everything that is due, and return how much of each kind."""
        settings, database = self._settings, self._database
        began = time.monotonic()
        always: dict[str, Callable[[], Awaitable[int]]] = {
            "reset tokens": purge.purge_reset_tokens,
            "invitation links": purge.purge_links,
            "invitations": purge.purge_invitations,
        }
        # Files last: messages that are erased carry them no longer.
        by_age: dict[str, tuple[int, Callable[[int], Awaitable[int]]]] = {
            "logins": (settings.session_days, purge.purge_sessions),
            "reports": (settings.report_days, purge.purge_reports),
            "audit entries": (settings.audit_days, purge.purge_audit),
            "messages between two users": (
                settings.single_message_days,
                lambda days: self._erase_messages("single", days),
            ),
            "messages in groups": (
                settings.group_message_days,
                lambda days: self._erase_messages("group", days),
            ),
            "files": (
                settings.unsent_file_days,
                lambda days: purge.purge_files(database, self._uploader, days),
            ),
        }
        counts: dict[str, int] = {}
        rules = always | {
            name: partial(work, days) for name, (days, work) in by_age.items() if days
        }
        for name, rule in rules.items():
            try:
                counts[name] = await rule()
            except Exception as error:  # noqa: BLE001 - one rule; the others go on
                self._logger.error("purge: old %s could not be deleted: %s", name, error)
        if any(number for name, number in counts.items() if name.startswith("messages")):
            await scrub(database)
        if any(counts.values()):
            self._logger.info(purge.describe(counts, began))
        return counts

    async def _erase_messages(self, chat_type: str, days: int) -> int:
        key = f"{PLACE}{chat_type}"
        stored = await self._redis.get(key)
        after = purge.FIRST_ID
        if stored is not None:
            with suppress(ValueError):
                after = UUID(stored.decode() if isinstance(stored, bytes) else str(stored))
        erased, after = await purge.erase_old_messages(self._database, chat_type, days, after)
        await self._redis.set(key, str(after))
        return erased
