"""The background task that keeps the search index up to date."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice

from models import Conversation
from services.database import Database
from services.search.sql import index
from services.wire import WireMessage

MAX_PENDING = 10_000
"""Conversations that are queued; if there are more, the table is scanned for them instead."""
BATCH_CONVERSATIONS = 50
"""Conversations of one transaction."""
SCAN_PAGE = 500
"""Conversations of one query when the table is scanned."""
LINGER_SECONDS = 0.2
"""Time to wait for more conversations if there are fewer than a batch."""
REST_RATIO = 9
"""Seconds to rest after each second of work, which leaves the writer nine tenths."""
MAX_BACKOFF_SECONDS = 30.0
"""The longest time between two attempts while the database is unavailable."""


class Indexer:
    """
    Indexes what one worker commits, about a second later.

    It works in short transactions and rests after each, so that sending hardly slows down. Every
    conversation stores how far it is indexed: what a worker leaves behind when it dies, the next
    one that starts finds by a scan.

    Args:
        database: the database of the worker.
        logger: for errors.
    """

    def __init__(self, database: Database, logger: logging.Logger) -> None:
        self._database = database
        self._logger = logger
        self._pending: dict[str, None] = {}
        self._scanned: str | None = ""
        """The conversation up to which the table was scanned; None at its end."""
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task, with a scan for what was left before."""
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop after the current transaction; the next start finds the rest."""
        self._closing.set()
        self._wake.set()
        if self._running is not None:
            await self._running

    def committed(self, messages: Sequence[WireMessage]) -> None:
        """Add the conversations of committed messages."""
        self.add(message.conv for message in messages)

    def add(self, convs: Iterable[str]) -> None:
        """Add conversations that have new messages."""
        self._pending |= dict.fromkeys(convs)
        if len(self._pending) > MAX_PENDING:
            self._pending.clear()
            self._scanned = ""
        self._wake.set()

    async def _run(self) -> None:
        backoff = 0.0
        while not self._closing.is_set():
            if not self._pending and self._scanned is None:
                self._wake.clear()
                await self._wake.wait()
                await self._rest(LINGER_SECONDS)
                continue
            try:
                rest = await self._work()
                backoff = 0.0
            except Exception as error:
                if not backoff:
                    unavailable = isinstance(error, self._database.unavailable_errors)
                    trace = None if unavailable else error
                    self._logger.error("the search index waits: %s", error, exc_info=trace)
                rest = backoff = min(max(2 * backoff, 0.5), MAX_BACKOFF_SECONDS)
            await self._rest(rest)

    async def _work(self) -> float:
        """Index one batch; return the seconds to rest."""
        began = time.monotonic()
        if self._scanned is not None and len(self._pending) < BATCH_CONVERSATIONS:
            await self._scan()
        batch = list(islice(self._pending, BATCH_CONVERSATIONS))
        for conv in batch:
            del self._pending[conv]
        more = await self._index(batch) if batch else []
        self._pending |= dict.fromkeys(more)
        rest = REST_RATIO * (time.monotonic() - began)
        return max(rest, LINGER_SECONDS) if self._scanned is None and not more else rest

    async def _index(self, convs: Sequence[str], *, alone: bool = False) -> list[str]:
        try:
            return await index(self._database, convs)
        except self._database.unavailable_errors:
            self._pending |= dict.fromkeys(convs)
            raise
        except Exception:
            if alone:
                self._logger.exception("%s cannot be indexed until the next start", convs[0])
                return []
        # One by one, so that a conversation that fails fails alone. Where two workers had chosen
        # the same id for two messages, the second attempt chooses another.
        return [conv for one in convs for conv in await self._index([one], alone=True)]

    async def _scan(self) -> None:
        """Read one more page of the table for conversations that are not indexed to their end."""
        rows = (
            await Conversation.filter(conv__gt=self._scanned)
            .order_by("conv")
            .limit(SCAN_PAGE)
            .values_list("conv", "indexed_seq", "last_seq")
        )
        self._scanned = rows[-1][0] if len(rows) == SCAN_PAGE else None
        self.add(conv for conv, indexed_seq, last_seq in rows if indexed_seq < last_seq)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
