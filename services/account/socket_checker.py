"""The periodic check whether open sockets may stay open."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from services.account.sql import find_session_users, find_standings
from services.account.standing import socket_refusal
from services.database import Database
from yolk.concurrency import cancel_task, create_detached_task

if TYPE_CHECKING:
    from services import Context

ROUND_SECONDS = 4.0
"""How long a round over all sockets of a worker takes."""
MAX_BATCHES = 4
"""Batches of a round: at most one query of each kind a second."""
MIN_BATCH_SOCKETS = 256
"""Sockets for which a round is not divided."""
MAX_BATCH_SOCKETS = 2500
"""Sockets of one query, when all are checked at once."""
RETRY_SECONDS = 1.0
"""How long after a failed query it is tried again."""
QUERY_TIMEOUT_SECONDS = 5.0
MAX_OVERSLEPT_SECONDS = 2.0
"""How late a batch may be until the worker counts as one that was stopped, and may have missed
something."""


class SocketChecker:
    """
    A periodic check of the open sockets of a worker, in batches.

    As a rule, commands that close a socket reach it at once through Redis. This check does not
    depend on Redis, nor on the program that changed the database. It costs two queries a batch.

    Args:
        contexts: of the open sockets of this worker; it changes with them.
        database: the database.
        logger: for queries that fail.
    """

    def __init__(
        self, contexts: Collection[Context], database: Database, logger: logging.Logger
    ) -> None:
        self._contexts = contexts
        self._database = database
        self._logger = logger
        self._doubt = asyncio.Event()
        self._is_failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start checking."""
        self._task = create_detached_task(self._run())

    async def close(self) -> None:
        """Stop checking."""
        await cancel_task(self._task)

    def check_all(self) -> None:
        """Check all sockets at once: commands to close some of them may have been missed."""
        self._doubt.set()

    async def _run(self) -> None:
        while True:
            is_urgent = self._doubt.is_set()
            self._doubt.clear()
            await self._check_round(is_urgent)

    async def _check_round(self, is_urgent: bool) -> None:
        """Check each socket once: spread over the round, or at once."""
        # A route of a plugin may register sockets that have no token.
        registered = [
            ctx
            for ctx in self._contexts
            if ctx.websocket.user_id is not None and hasattr(ctx, "claims")
        ]
        size = max(MIN_BATCH_SOCKETS, math.ceil(len(registered) / MAX_BATCHES))
        if is_urgent:
            size = min(size, MAX_BATCH_SOCKETS)
        batches = [registered[at : at + size] for at in range(0, len(registered), size)] or [[]]
        start = time.monotonic()
        for number, batch in enumerate(batches, 1):
            await self._check(batch)
            is_last = number == len(batches)
            until = start + ROUND_SECONDS * (1 if is_last else number / len(batches))
            if is_urgent and not is_last:
                continue
            if await self._pause(until):
                return

    async def _pause(self, until: float) -> bool:
        """Wait, and return whether to begin again at once."""
        delay = max(0.0, until - time.monotonic())
        try:
            await asyncio.wait_for(self._doubt.wait(), delay)
        except TimeoutError:
            if time.monotonic() - until > MAX_OVERSLEPT_SECONDS:
                self._doubt.set()
        return self._doubt.is_set()

    async def _check(self, batch: Sequence[Context]) -> None:
        """Check a batch, again and again while the database is unavailable."""
        while True:
            try:
                async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
                    await self._check_once(batch)
            except Exception as error:  # noqa: BLE001 - the boundary of one batch
                if not self._is_failing:
                    self._logger.warning("open sockets cannot be checked: %s", error)
                self._is_failing = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._is_failing = False
                return

    async def _check_once(self, batch: Sequence[Context]) -> None:
        """Close those sockets that may not stay."""
        judged = [(ctx, ctx.claims) for ctx in batch if ctx.websocket.open]
        sids = {sid for _, claims in judged if isinstance(sid := claims.get("sid"), str)}
        users = await find_standings(self._database, {claims["id"] for _, claims in judged})
        sessions = await find_session_users(self._database, sids)
        for ctx, claims in judged:
            refusal = socket_refusal(
                claims, users.get(claims["id"]), sessions.get(str(claims.get("sid")))
            )
            # Another token may have been handed in meanwhile, which was checked then.
            if refusal is not None and ctx.claims is claims:
                ctx.disconnect(refusal)
