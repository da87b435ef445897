"""A handler of a hook point: its time limit, its errors, its counters."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

import msgspec

from yolk.concurrency import create_detached_task
from yolk.errors import Refusal, YolkError

MAX_STUCK_CALLS = 100
"""Calls that timed out and ignore their cancellation; at this number no further one is started."""

LOG_SECONDS = 60.0
"""The least time between two log lines of one handler; errors in between are only counted."""


class HandlerFailed(YolkError):
    """A handler raised, timed out, or returned an invalid answer."""


class HandlerCounters(msgspec.Struct):
    """Counters of one plugin's handlers at one hook point, in one worker."""

    calls: int = 0
    refused: int = 0
    """The handler raised `Refusal`."""
    failed: int = 0
    """The handler raised another error, or returned an invalid answer."""
    late: int = 0
    """The handler exceeded its time limit."""
    missed: int = 0
    """The handler was not called because its queue was full."""

    def plus(self, other: HandlerCounters) -> HandlerCounters:
        """Return the sum."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return HandlerCounters(*[one + two for one, two in pairs])


@dataclass(eq=False)
class HookHandler:
    """A plugin's function at one hook point, as it was registered."""

    function: Callable[..., Any]
    """A plain or a coroutine function."""
    plugin: str
    """The plugin's name, for the log."""
    hook: str
    """The name of the hook point."""
    place: int
    """The plugin's position in the starting order."""
    may_refuse: bool
    """Whether the handler may raise `Refusal`."""
    on_error: str
    """ "refuse" or "pass"."""
    timeout: float
    """Seconds. A plain function cannot be stopped, but it is counted when it takes longer."""
    logger: logging.Logger
    """For errors, one line a minute at most."""
    counters: HandlerCounters = field(default_factory=HandlerCounters)
    _stuck: set[asyncio.Future[Any]] = field(default_factory=set)
    _logged: float = -LOG_SECONDS
    _unlogged: int = 0

    async def call(
        self, *arguments: object, accept: Callable[[Any], Any] = lambda answer: answer
    ) -> Any:
        """
        Call the function and return its answer.

        Args:
            arguments: the arguments of the call.
            accept: converts the answer; raises ValueError for an invalid one.

        Raises:
            Refusal: the function refused.
            HandlerFailed: the function failed or timed out; that is logged and counted.
        """
        self.counters.calls += 1
        try:
            if len(self._stuck) >= MAX_STUCK_CALLS:
                raise TimeoutError(f"is not called: {MAX_STUCK_CALLS} calls of it hang")
            begin = time.monotonic()
            answer = self.function(*arguments)
            if hasattr(answer, "__await__"):
                answer = await self._in_time(answer)
            elif time.monotonic() - begin > self.timeout:
                self.counters.late += 1
                self._log(f"blocked the worker for longer than {self.timeout} s", None)
            return accept(answer)
        except TimeoutError as error:
            self.counters.late += 1
            self._log(str(error) or "is late", None)
            raise HandlerFailed from error
        except Exception as error:  # a handler's error must not reach the caller
            if self.may_refuse and isinstance(error, Refusal):
                self.counters.refused += 1
                raise
            self.counters.failed += 1
            self._log(f"failed: {type(error).__name__}: {error}", error)
            raise HandlerFailed from error

    def missed(self) -> None:
        """Count a call that was skipped because the queue was full."""
        self.counters.missed += 1
        self._log("is skipped: its queue is full", None)

    async def _in_time(self, answer: Awaitable[Any]) -> Any:
        # Not asyncio.timeout: that waits for a handler that suppresses its cancellation.
        task = create_detached_task(_await(answer))
        try:
            await asyncio.wait([task], timeout=self.timeout)
        finally:
            if not task.done():
                task.cancel()
                self._stuck.add(task)
                task.add_done_callback(self._forget, context=Context())
        if not task.done():
            raise TimeoutError(f"has not answered within {self.timeout} s")
        if task.cancelled():
            raise RuntimeError("it cancelled itself")
        return task.result()

    def _forget(self, task: asyncio.Future[Any]) -> None:
        self._stuck.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it

    def _log(self, what: str, error: Exception | None) -> None:
        now = time.monotonic()
        if now - self._logged < LOG_SECONDS:
            self._unlogged += 1
            return
        before = f" ({self._unlogged} more since the last line)" if self._unlogged else ""
        self._logged, self._unlogged = now, 0
        self.logger.error("%s: its %s %s%s", self.plugin, self.hook, what, before, exc_info=error)


async def _await(answer: Awaitable[Any]) -> Any:
    return await answer
