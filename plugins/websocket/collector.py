"""When Python looks for cyclic garbage: at quiet moments, not amid a burst."""

from __future__ import annotations

import asyncio
import gc
import time

from .engine import EMPTY

YOUNG = 10_000
"""Objects that come before the young are looked at: a few milliseconds' work, now and then."""
MIDDLE = 50
"""Looks at the young before those that outlived one are looked at too."""
NEVER = 1_000_000
"""Looks at those before all objects are: with 5,000 sockets that stops a worker for 190 ms."""

LOOK = 1.0
"""Seconds between two looks whether it is quiet."""
QUIET = 0.1
"""Share of one core that a quiet worker uses."""
PATIENCE = 10
"""After so many intervals without a quiet second it is done all the same."""


class Collector:
    """
    Sets Python's cyclic garbage collector for a worker that must not stop.

    A socket makes no cycles, so there is little to find. What is there when the worker serves is
    never looked at again; what came since is, all of it, once in an interval, in the first second
    in which the worker has little to do.

    Args:
        interval: seconds; 0 leaves the collector as it is.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._before = gc.get_threshold()
        self._due = 0.0
        self._busy = 0.0

    def start(self) -> None:
        """Begin, when the worker has all that it keeps."""
        if self._interval:
            self._before = gc.get_threshold()
            gc.set_threshold(YOUNG, MIDDLE, NEVER)
            gc.collect()
            gc.freeze()
            self._plan()
            self._next()

    def stop(self) -> None:
        """Leave the collector as it was."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            gc.unfreeze()
            gc.set_threshold(*self._before)

    def _plan(self) -> None:
        self._due = time.monotonic() + self._interval

    def _next(self) -> None:
        self._busy = time.process_time()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LOOK, self._look, context=EMPTY)

    def _look(self) -> None:
        late = time.monotonic() - self._due
        quiet = time.process_time() - self._busy < QUIET * LOOK
        if late >= 0 and (quiet or late >= PATIENCE * self._interval):
            gc.collect()
            self._plan()
        self._next()
