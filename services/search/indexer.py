"""Keeping the search's index up to date, behind everything else's back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice

from models import Conversation
from services.database import Database
from services.search.sql import ENTRIES, index
from services.wire import WireMessage

LARGEST = 10_000
"""Conversations that are remembered; past that, the table is looked through instead."""
TOGETHER = 50
"""Conversations of one transaction."""
FEWEST, MOST = 10, 100
"""Entries of one transaction: fewer after a long one, more after a short one."""
LONG = {"sqlite": 0.002, "postgres": 0.02, "mysql": 0.02}
"""Seconds; on SQLite nobody else writes meanwhile, elsewhere nobody in the same conversations."""
PAGE = 500
"""Conversations of one look into the table."""
GATHER = 0.2
"""Seconds to wait for more, where there is not enough for a whole transaction."""
REST = 4
"""How much longer it rests than it worked."""
LONG_REST = 19
"""The same, while much is being written."""
MUCH = 300
"""Conversations a second that are written to; one counts with each commit."""
LONGEST_WAIT = 30.0
"""Seconds between two attempts, at most, while the database is away."""


class Indexer:
    """
    Indexes, for one worker, what was committed, about a second later.

    It works in short transactions and rests after each in proportion, so that sends hardly notice.
    What a worker leaves behind when it dies, the next one that starts finds by itself: every
    conversation knows how far it is indexed.

    Args:
        database: of the worker.
        logger: for faults.
    """

    def __init__(self, database: Database, logger: logging.Logger) -> None:
        self._database = database
        self._logger = logger
        self._waiting: dict[str, None] = {}
        self._written, self._since = 0, time.monotonic()
        """Conversations noted since then, to know how much is being written."""
        self._entries = ENTRIES
        self._scanned: str | None = ""
        """Up to where the table was looked through for what is left; None when it was all."""
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with what is left from before."""
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop after the transaction that is under way; the rest is found at the next start."""
        self._closing.set()
        self._wake.set()
        if self._running is not None:
            await self._running

    def committed(self, messages: Sequence[WireMessage]) -> None:
        """Note what was committed."""
        self.note(message.conv for message in messages)

    def note(self, convs: Iterable[str]) -> None:
        """Note conversations that have something new."""
        waiting = self._waiting
        for conv in convs:
            waiting[conv] = None
            self._written += 1
        if len(waiting) > LARGEST:
            waiting.clear()
            self._scanned = ""
        self._wake.set()

    async def _run(self) -> None:
        wait = 0.0
        while not self._closing.is_set():
            if not self._waiting and self._scanned is None:
                self._wake.clear()
                await self._wake.wait()
                await self._rest(GATHER)
                continue
            try:
                rest = await self._work()
                wait = 0.0
            except Exception as error:
                if not wait:
                    away = isinstance(error, self._database.unavailable_errors)
                    trace = None if away else error
                    self._logger.error("the search's index waits: %s", error, exc_info=trace)
                rest = wait = min(max(2 * wait, 0.5), LONGEST_WAIT)
            await self._rest(rest)

    async def _work(self) -> float:
        """Do a little, and say for how long to rest, in seconds."""
        began = time.monotonic()
        if self._scanned is not None and len(self._waiting) < TOGETHER:
            await self._look()
        some = list(islice(self._waiting, TOGETHER))
        for conv in some:
            del self._waiting[conv]
        more = await self._index(some) if some else []
        self._waiting |= dict.fromkeys(more)
        ended = time.monotonic()
        much = self._written > MUCH * (ended - self._since)
        self._written, self._since = 0, ended
        rest = (LONG_REST if much else REST) * (ended - began)
        return max(rest, GATHER) if self._scanned is None and not more else rest

    async def _index(self, convs: Sequence[str], *, again: bool = False) -> list[str]:
        try:
            began = time.monotonic()
            more = await index(self._database, convs, self._entries)
            self._adapt(time.monotonic() - began)
            return more
        except self._database.unavailable_errors:
            self._waiting |= dict.fromkeys(convs)
            raise
        except Exception:
            if again:
                self._logger.exception("%s cannot be indexed until the next start", convs[0])
                return []
        # One of them makes trouble: so that it makes it alone. Where two workers gave two
        # messages the same id, it is gone by now.
        return [conv for one in convs for conv in await self._index([one], again=True)]

    def _adapt(self, took: float) -> None:
        """Let the next transaction be as long as it may be, and not longer."""
        long = LONG[self._database.dialect]
        if took > long:
            self._entries = max(FEWEST, self._entries // 2)
        elif took < long / 3:
            self._entries = min(MOST, self._entries * 2)

    async def _look(self) -> None:
        """Look through one more page of the table for what is left from before."""
        rows = (
            await Conversation.filter(conv__gt=self._scanned)
            .order_by("conv")
            .limit(PAGE)
            .values_list("conv", "indexed_seq", "last_seq")
        )
        self._scanned = rows[-1][0] if len(rows) == PAGE else None
        self.note(conv for conv, indexed_seq, last_seq in rows if indexed_seq < last_seq)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
