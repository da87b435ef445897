"""When sessions were last used, written to the database together."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

from uuid_utils.compat import UUID

from models import Session
from models.columns import milliseconds
from services.database import Database
from yolk.concurrency import cancel_task

FLUSH_SECONDS = 1.0
"""How long uses are collected before they are written."""
PRECISION_MS = 60_000
"""A use is written only if it is so much later than the stored one."""
MAX_PENDING = 100_000
"""Uses that are collected; further ones are dropped, and written when the session is used next."""
MAX_UPDATED = 500
"""Sessions of one query."""


class SessionUse:
    """
    A writer of the times when sessions were used, many in one query.

    A use that is lost with its worker does no harm: the session shows an earlier use, and the
    previous refresh token is accepted for longer.
    """

    def __init__(self, orm: Database, logger: logging.Logger) -> None:
        self._orm = orm
        self._logger = logger
        self._pending: dict[UUID, int] = {}
        """The session's id to the generation of the token that was used."""
        self._task: asyncio.Task[None] | None = None

    def note(self, session: Session, generation: object) -> None:
        """
        Note that a session is being used.

        Args:
            session: its row, read just now.
            generation: the claim of the token; tokens of before the first rotation may have none.
        """
        used = generation if type(generation) is int else 0
        is_first = session.used_generation < used <= session.generation
        if not is_first and milliseconds() - session.use_time < PRECISION_MS:
            return
        if len(self._pending) < MAX_PENDING or session.id in self._pending:
            self._pending[session.id] = max(used, self._pending.get(session.id, 0))
        if self._task is None:
            self._task = asyncio.create_task(self._flush_later())

    async def close(self) -> None:
        """Write what was collected."""
        await cancel_task(self._task)
        await self._flush()

    async def _flush_later(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        self._task = None  # from here on, a use starts the next one
        await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        by_generation: dict[int, list[UUID]] = defaultdict(list)
        for session_id, generation in pending.items():
            by_generation[generation].append(session_id)
        try:
            for generation, ids in by_generation.items():
                for start in range(0, len(ids), MAX_UPDATED):
                    await self._update(ids[start : start + MAX_UPDATED], generation)
        except Exception as error:  # noqa: BLE001 - the boundary of one flush
            self._logger.warning("the last use of sessions could not be written: %s", error)

    async def _update(self, ids: list[UUID], generation: int) -> None:
        now = milliseconds()
        async with self._orm.transaction() as connection:
            sessions = Session.filter(id__in=ids).using_db(connection)
            await sessions.update(use_time=now)
            if generation:
                older = Session.filter(id__in=ids, used_generation__lt=generation)
                await older.using_db(connection).update(used_generation=generation)
