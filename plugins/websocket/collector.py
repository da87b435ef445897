"""Scheduling of Python's cyclic garbage collector: in quiet moments, not during a burst."""

from __future__ import annotations

import asyncio
import gc
import time

from .engine import EMPTY

GENERATION_0 = 10_000
"""New objects until generation 0 is collected, which takes a few milliseconds."""
GENERATION_1 = 50
"""Collections of generation 0 until generation 1 is collected."""
GENERATION_2 = 1_000_000
"""Those of 1 until 2 is: practically never, as it stops a worker with 5,000 sockets for 190 ms."""

CHECK_SECONDS = 1.0
"""Seconds between two checks whether the worker is quiet."""
QUIET_CPU_SHARE = 0.1
"""Share of one core below which a worker is quiet."""
MAX_OVERDUE_INTERVALS = 10
"""Intervals without a quiet second after which a full collection runs anyway."""


class Collector:
    """
    A scheduler of garbage collections for a worker that must not pause.

    A socket makes no reference cycles, so there is little to find. Objects that exist when the
    worker begins to serve are frozen; newer ones are collected in full once per interval, in the
    first second in which the worker has little to do.

    Args:
        interval: seconds between full collections; 0 leaves the collector as it is.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._thresholds = gc.get_threshold()
        self._due = 0.0
        self._cpu_time = 0.0

    def start(self) -> None:
        """Begin, once the worker has loaded everything that it keeps."""
        if self._interval:
            self._thresholds = gc.get_threshold()
            gc.set_threshold(GENERATION_0, GENERATION_1, GENERATION_2)
            gc.collect()
            gc.freeze()
            self._schedule_collection()
            self._schedule_check()

    def stop(self) -> None:
        """Restore the collector's settings."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            gc.unfreeze()
            gc.set_threshold(*self._thresholds)

    def _schedule_collection(self) -> None:
        self._due = time.monotonic() + self._interval

    def _schedule_check(self) -> None:
        self._cpu_time = time.process_time()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(CHECK_SECONDS, self._check, context=EMPTY)

    def _check(self) -> None:
        overdue = time.monotonic() - self._due
        quiet = time.process_time() - self._cpu_time < QUIET_CPU_SHARE * CHECK_SECONDS
        if overdue >= 0 and (quiet or overdue >= MAX_OVERDUE_INTERVALS * self._interval):
            gc.collect()
            self._schedule_collection()
        self._schedule_check()
