"""One handler of a hook: its time limit, its faults, its counters."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

import msgspec

from yolk.concurrency import create_detached_task
from yolk.errors import Refusal, YolkError

MOST_STUCK = 100
"""Calls that were given up and go on all the same; at this number no further one is begun."""

QUIET = 60.0
"""Seconds after a line in the log in which further faults are only counted."""


class HandlerFailed(YolkError):
    """A handler raised, was late, or gave no answer that makes sense."""


class HandlerCounters(msgspec.Struct):
    """What one plugin's handlers did at one point of one worker."""

    calls: int = 0
    refused: int = 0
    """It said no."""
    failed: int = 0
    """It raised, or answered what is no answer."""
    late: int = 0
    """It took longer than it may."""
    missed: int = 0
    """It was not asked: too much was waiting for it."""

    def plus(self, other: HandlerCounters) -> HandlerCounters:
        """Give the sum of two."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return HandlerCounters(*[one + two for one, two in pairs])


class Terms(msgspec.Struct, frozen=True):
    """What a plugin said about one of its handlers, and where it stands."""

    plugin: str
    hook: str
    """The point's name."""
    place: int
    """The plugin's in the order of all."""
    may_refuse: bool
    """Whether its no counts."""
    on_error: str
    """ "refuse" or "pass"."""
    timeout: float
    """Seconds. A plain function cannot be stopped, but is counted when it took longer."""


class HookHandler:
    """
    What a plugin does at one point.

    Args:
        function: plain or a coroutine function.
        terms: what was said about it.
        logger: for what goes wrong, a line a minute at most.
    """

    def __init__(self, function: Callable[..., Any], terms: Terms, logger: logging.Logger) -> None:
        self.terms = terms
        self.counters = HandlerCounters()
        self._function = function
        self._logger = logger
        self._stuck: set[asyncio.Future[Any]] = set()
        self._logged = -QUIET
        self._unlogged = 0

    async def call(
        self, *arguments: object, accept: Callable[[Any], Any] = lambda answer: answer
    ) -> Any:
        """
        Ask it.

        Args:
            arguments: what it is asked about.
            accept: makes something of the answer; a ValueError says that it is none.

        Raises:
            Refusal: it says no.
            HandlerFailed: nothing was learnt; that is logged and counted.
        """
        self.counters.calls += 1
        try:
            if len(self._stuck) >= MOST_STUCK:
                raise TimeoutError(f"{MOST_STUCK} calls of it hang")
            begin = time.monotonic()
            answer = self._function(*arguments)
            if hasattr(answer, "__await__"):
                answer = await self._in_time(answer)
            elif time.monotonic() - begin > self.terms.timeout:
                self.counters.late += 1
                self._log(f"held the worker up for longer than {self.terms.timeout} s", None)
            return accept(answer)
        except TimeoutError as error:
            self.counters.late += 1
            self._log(str(error) or "is late", None)
            raise HandlerFailed from error
        except Exception as error:  # the boundary of one handler
            if self.terms.may_refuse and isinstance(error, Refusal):
                self.counters.refused += 1
                raise
            self.counters.failed += 1
            self._log(f"failed: {type(error).__name__}: {error}", error)
            raise HandlerFailed from error

    def missed(self) -> None:
        """Note that it was not asked."""
        self.counters.missed += 1
        self._log("is not asked any more: too much waits for it", None)

    async def _in_time(self, answer: Awaitable[Any]) -> Any:
        # Not asyncio.timeout: that waits for a handler that suppresses its cancellation.
        task = create_detached_task(_await(answer))
        try:
            await asyncio.wait([task], timeout=self.terms.timeout)
        finally:
            if not task.done():
                task.cancel()
                self._stuck.add(task)
                task.add_done_callback(self._let_go, context=Context())
        if not task.done():
            raise TimeoutError(f"has not answered within {self.terms.timeout} s")
        if task.cancelled():
            raise RuntimeError("it cancelled itself")
        return task.result()

    def _let_go(self, task: asyncio.Future[Any]) -> None:
        self._stuck.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that nobody complains

    def _log(self, what: str, error: Exception | None) -> None:
        now = time.monotonic()
        if now - self._logged < QUIET:
            self._unlogged += 1
            return
        before = f" ({self._unlogged} more since the last line)" if self._unlogged else ""
        self._logged, self._unlogged = now, 0
        self._logger.error(
            "%s: its %s %s%s", self.terms.plugin, self.terms.hook, what, before, exc_info=error
        )


async def _await(answer: Awaitable[Any]) -> Any:
    return await answer
