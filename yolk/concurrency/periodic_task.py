"""Background work that is repeated at an interval."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from yolk.concurrency.tasks import cancel_task, create_detached_task


class PeriodicTask:
    """
    A task that does the same work at an interval, until it is closed.

    An error ends one round only: it is logged, and the next round runs after the interval.

    Args:
        work: one round.
        interval: the seconds between the end of a round and the start of the next.
        failure: the log message for an error, such as "old files could not be deleted".
        logger: where it is logged.
        unavailable_errors: errors that are logged without a traceback.
        jitter: the part of the interval, from 0 to 1, by which each pause is shortened at random,
            so that not all workers do the work at the same time.
        is_immediate: whether the first round runs at the start, not after an interval.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[object]],
        interval: float,
        failure: str,
        logger: logging.Logger,
        *,
        unavailable_errors: tuple[type[BaseException], ...] = (),
        jitter: float = 0.0,
        is_immediate: bool = True,
    ) -> None:
        self._work = work
        self._interval = interval
        self._failure = failure
        self._logger = logger
        self._unavailable_errors = unavailable_errors
        self._jitter = jitter
        self._is_immediate = is_immediate
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task."""
        self._task = create_detached_task(self._run())

    async def close(self) -> None:
        """Cancel the round that runs, and stop."""
        await cancel_task(self._task)

    async def _run(self) -> None:
        if not self._is_immediate:
            await self._pause()
        while True:
            try:
                await self._work()
            except Exception as error:
                is_known = isinstance(error, self._unavailable_errors)
                trace = None if is_known else error
                self._logger.error("%s: %s", self._failure, error, exc_info=trace)
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(self._interval * random.uniform(1 - self._jitter, 1))  # noqa: S311
