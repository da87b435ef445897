"""The load of one worker: how late its event loop is, and how full its queues are."""

from __future__ import annotations

import asyncio
import enum
import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping

from services.errors import Overloaded

TICK_SECONDS = 0.2
"""Time between two samples, if the loop is not late."""
WINDOW = 5
"""Samples of which the median counts. One or two late ones, such as a pause in a debugger or a
collection of garbage, change nothing."""
HOLD_SECONDS = 3.0
"""How long a level must be left before it ends."""
EASE = 0.5
"""Factor of the bounds of a level that has begun: it ends well below where it began."""
REMIND_SECONDS = 60.0
"""Time between two lines in the log while a level lasts."""


class Level(enum.IntEnum):
    """How busy a worker is."""

    CALM = 0
    BUSY = 1
    """Pushes that can be lost or can wait are not sent."""
    OVERLOADED = 2
    """New sockets and logins are refused, too."""


MAX_FILL = {Level.BUSY: 0.5, Level.OVERLOADED: 0.9}
"""How full a queue is when a level begins."""
EFFECTS = {
    Level.BUSY: "typing is not shown, presence and receipts wait",
    Level.OVERLOADED: "new sockets and logins get 503",
}


class LoadMonitor:
    """
    A monitor of the event loop and the queues of one worker: `app.load`.

    Args:
        overload_ms: how late the loop is, in milliseconds, when the worker is overloaded; at half
            of it the worker is busy. 0: the load is measured, and no level ever begins.
        logger: for the beginning and the end of a level.
    """

    def __init__(self, overload_ms: int, logger: logging.Logger) -> None:
        self.level = Level.CALM
        self.late_ms = 0.0
        """How late the event loop is, in milliseconds: the median of the last second or more."""
        self.queues: Mapping[str, float] = {}
        """How full each queue is, from 0 to 1."""
        self.refused = 0
        """How many sockets and logins were refused since the worker started."""
        self._overload_ms = overload_ms
        self._logger = logger
        self._sources: dict[str, tuple[Callable[[], float], Level]] = {}
        self._lateness = deque([0.0] * WINDOW, WINDOW)
        self._levels = deque([Level.CALM] * WINDOW, WINDOW)
        self._began: dict[Level, tuple[float, int]] = {}
        """When each level began, and how many had been refused by then."""
        self._lower_since: float | None = None
        self._logged_at = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def watch(
        self, name: str, fill: Callable[[], float], max_level: Level = Level.OVERLOADED
    ) -> None:
        """
        Include a queue.

        Args:
            name: of the queue, for `queues` and the log.
            fill: returns how full it is, from 0 to 1.
            max_level: the highest level that this queue alone leads to.
        """
        self._sources[name] = (fill, max_level)

    @property
    def is_busy(self) -> bool:
        """Whether pushes that can be lost or can wait are not sent."""
        return self.level is not Level.CALM

    def admit(self) -> None:
        """
        Check that a new socket or a login can be served now.

        Raises:
            Overloaded: the worker has too much to do for those who are connected.
        """
        if self.level is Level.OVERLOADED:
            self.refused += 1
            raise Overloaded

    def start(self) -> None:
        """Begin to measure."""
        self._schedule()

    def close(self) -> None:
        """Stop measuring."""
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        self._due = time.monotonic() + TICK_SECONDS
        self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        late_ms = max(0.0, now - self._due) * 1000
        self._schedule()
        self.sample(late_ms, now)

    def sample(self, late_ms: float, now: float) -> None:
        """
        Take one sample of the load.

        Args:
            late_ms: how late the event loop is.
            now: the time, in seconds of a monotonic clock.
        """
        self._lateness.append(late_ms)
        self.late_ms = statistics.median(self._lateness)
        self.queues = {name: fill() for name, (fill, _) in self._sources.items()}
        self._levels.append(self._level_of(late_ms))
        self._change(statistics.median_low(self._levels), now)

    def _level_of(self, late_ms: float) -> Level:
        """Return the level that one sample would lead to."""
        if not self._overload_ms:
            return Level.CALM
        for level, max_fill in sorted(MAX_FILL.items(), reverse=True):
            ease = EASE if self.level >= level else 1.0
            is_late = late_ms >= self._max_late_ms(level) * ease
            if is_late or any(
                self.queues[name] >= max_fill * ease
                for name, (_, max_level) in self._sources.items()
                if max_level >= level
            ):
                return level
        return Level.CALM

    def _max_late_ms(self, level: Level) -> float:
        return self._overload_ms if level is Level.OVERLOADED else self._overload_ms / 2

    def _change(self, reached: Level, now: float) -> None:
        """Begin a level at once; end one when it has been left for some time."""
        if reached >= self.level:
            self._lower_since = None
            while self.level < reached:
                self._begin(Level(self.level + 1), now)
        elif self._lower_since is None:
            self._lower_since = now
        elif now - self._lower_since >= HOLD_SECONDS:
            self._lower_since = now
            self._end(now)
        if self.is_busy and now - self._logged_at >= REMIND_SECONDS:
            self._log(f"still {self.level.name.lower()}", now)

    def _begin(self, level: Level, now: float) -> None:
        self.level = level
        self._began[level] = now, self.refused
        self._log(level.name.lower(), now)

    def _end(self, now: float) -> None:
        """End the highest level."""
        began, refused = self._began.pop(self.level)
        self._logger.warning(
            "load: no longer %s after %.1f s; %d sockets and logins were refused",
            self.level.name.lower(),
            now - began,
            self.refused - refused,
        )
        self.level = Level(self.level - 1)
        self._logged_at = now

    def _log(self, state: str, now: float) -> None:
        self._logged_at = now
        fullest = max(self.queues, key=self.queues.__getitem__, default="")
        self._logger.warning(
            "load: %s: the event loop is %.0f ms late, the queue %s is %.0f %% full; %s",
            state,
            self.late_ms,
            fullest,
            self.queues.get(fullest, 0.0) * 100,
            EFFECTS[self.level],
        )
