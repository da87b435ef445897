"""A limit of messages to strangers: users who never wrote to the sender."""

from __future__ import annotations

import asyncio
import math
import time

from services.errors import ChatError, Limited, TooManyStrangers, TooManyToStrangers
from services.limits.rates import RateLimiter
from services.limits.token_buckets import TokenBuckets
from yolk.concurrency import create_detached_task

MAX_REPORTS = 1000
"""First messages of a worker that are being counted in Redis; others count on this worker only."""
MAX_PAUSED = 10_000
"""Users after which those are forgotten who may write to strangers again."""


class StrangerLimiter:
    """
    A limiter that decides within the transaction that stores the messages, so without I/O.

    This worker counts in its memory. First messages are counted in Redis as well, afterwards: once
    a user has written to too many strangers on all workers together, this one refuses more.

    Args:
        strangers: a `OneRate` of users to whom somebody writes for the first time.
        messages: a `OneRate` of messages to such users.
        rates: counts for all workers.
    """

    def __init__(self, strangers: str, messages: str, rates: RateLimiter) -> None:
        self._rate = strangers
        self._strangers = TokenBuckets(strangers)
        self._messages = TokenBuckets(messages)
        self._rates = rates
        self._paused: dict[int, float] = {}
        """Users who wrote to too many strangers on all workers together, and until when."""
        self._reports: set[asyncio.Task[None]] = set()

    def take(self, sender: int, *, is_first: bool) -> ChatError | None:
        """
        Count a message to a stranger, and return why it is refused, or None.

        Args:
            sender: the user.
            is_first: whether the user never wrote to this stranger before.
        """
        if is_first and (wait := self._seconds_paused(sender) or self._strangers.take(sender)):
            return TooManyStrangers(wait)
        if wait := self._messages.take(sender):
            return TooManyToStrangers(wait)
        return None

    def report(self, senders: list[int]) -> None:
        """Count first messages for all workers, without waiting."""
        for sender in senders if self._rate else ():
            if len(self._reports) < MAX_REPORTS:
                report = create_detached_task(self._report(sender))
                self._reports.add(report)
                report.add_done_callback(self._reports.discard)

    async def close(self) -> None:
        """Stop counting in Redis."""
        for report in self._reports:
            report.cancel()
        if self._reports:
            await asyncio.wait(self._reports)

    def _seconds_paused(self, sender: int) -> int:
        left = self._paused.get(sender, 0.0) - time.monotonic()
        return math.ceil(left) if left > 0 else 0

    async def _report(self, sender: int) -> None:
        try:
            await self._rates.take(self._rate, "strangers", sender, TooManyStrangers)
        except Limited as error:
            now = time.monotonic()
            if len(self._paused) >= MAX_PAUSED:
                self._paused = {one: until for one, until in self._paused.items() if until > now}
            self._paused[sender] = now + error.retry_after


class StrangerAdmission:
    """
    The decisions for one batch: one for each message, however often the batch is tried.

    Args:
        limiter: decides; None admits everything.
    """

    def __init__(self, limiter: StrangerLimiter | None) -> None:
        self._limiter = limiter
        self._decided: dict[int, ChatError | None] = {}
        self._first: list[int] = []

    def refusal(self, place: int, sender: int, *, is_first: bool) -> ChatError | None:
        """
        Return why a message to a stranger is refused, or None. May be called in a thread.

        Args:
            place: of the message in the batch.
            sender: the user.
            is_first: whether the user never wrote to this stranger before.
        """
        if self._limiter is None:
            return None
        if place not in self._decided:
            self._decided[place] = self._limiter.take(sender, is_first=is_first)
            if is_first and self._decided[place] is None:
                self._first.append(sender)
        return self._decided[place]

    def report(self) -> None:
        """Count the first messages for all workers, without waiting."""
        if self._limiter is not None and self._first:
            self._limiter.report(self._first)
