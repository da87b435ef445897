"""The levels of load: when they begin and end, and what is logged of them."""

from __future__ import annotations

import logging

import pytest

from services.errors import Overloaded
from services.load.monitor import HOLD_SECONDS, REMIND_SECONDS, WINDOW, Level, LoadMonitor

TICK = 0.2


class Clock:
    """A monitor that gets samples by hand, and a queue of which the test says how full it is."""

    def __init__(self, overload_ms: int = 1000) -> None:
        self.load = LoadMonitor(overload_ms, logging.getLogger("load"))
        self.load.watch("messages", lambda: self.fill)
        self.fill = 0.0
        self.now = 1000.0

    def run(self, late_ms: float, samples: int = WINDOW) -> Level:
        """Take samples, and return the level."""
        for _ in range(samples):
            self.now += TICK + late_ms / 1000
            self.load.sample(late_ms, self.now)
        return self.load.level

    def run_for(self, late_ms: float, seconds: float) -> Level:
        """Take samples for so many seconds, and return the level."""
        until = self.now + seconds
        while self.now <= until:
            self.run(late_ms, 1)
        return self.load.level


@pytest.fixture
def clock() -> Clock:
    """Return a monitor with its own clock."""
    return Clock()


@pytest.mark.parametrize(
    ("late_ms", "level"),
    [(499, Level.CALM), (500, Level.BUSY), (999, Level.BUSY), (1000, Level.OVERLOADED)],
)
def test_a_late_loop_begins_a_level(clock: Clock, late_ms: float, level: Level) -> None:
    """It is busy at half of the setting, and overloaded at all of it."""
    assert clock.run(late_ms) is level
    assert clock.load.late_ms == late_ms


@pytest.mark.parametrize(
    ("fill", "level"), [(0.49, Level.CALM), (0.5, Level.BUSY), (0.9, Level.OVERLOADED)]
)
def test_a_full_queue_begins_a_level(clock: Clock, fill: float, level: Level) -> None:
    """Also while the loop is on time."""
    clock.fill = fill

    assert clock.run(0) is level
    assert clock.load.queues == {"messages": fill}


@pytest.mark.parametrize("late", [1, 2])
def test_a_pause_begins_no_level(clock: Clock, late: int) -> None:
    """One long pause, as in a debugger, and two in a row are no overload."""
    clock.run(0)

    assert clock.run(30_000, late) is Level.CALM
    assert clock.run(0) is Level.CALM
    assert clock.run(30_000, late) is Level.CALM


def test_a_level_ends_well_below_its_bound_and_after_some_time(clock: Clock) -> None:
    """One level after the other; what lies between the bounds changes nothing."""
    clock.run(1000)

    assert clock.run_for(600, 10) is Level.OVERLOADED
    assert clock.run_for(0, HOLD_SECONDS / 3) is Level.OVERLOADED
    assert clock.run_for(600, 10) is Level.OVERLOADED
    assert clock.run_for(0, HOLD_SECONDS + 1.5) is Level.BUSY
    assert clock.run_for(0, HOLD_SECONDS + 1.5) is Level.CALM


def test_a_queue_may_be_limited_to_a_level(clock: Clock) -> None:
    """It shows how full it is, and leads no further."""
    clock.load.watch("sockets", lambda: 1.0, Level.BUSY)
    assert clock.run(0) is Level.BUSY

    shown = Clock()
    shown.load.watch("passwords", lambda: 1.0, Level.CALM)
    assert shown.run(0) is Level.CALM
    assert shown.load.queues["passwords"] == 1.0


def test_nothing_is_refused_before_the_worker_is_overloaded(clock: Clock) -> None:
    """Then everything new is, with a different time to return for each."""
    clock.run(500)
    clock.load.admit()
    clock.run(1000)

    times = set()
    for _ in range(100):
        with pytest.raises(Overloaded) as refusal:
            clock.load.admit()
        times.add(refusal.value.retry_after)
    assert len(times) > 1
    assert all(3 <= seconds <= 10 for seconds in times)
    assert clock.load.refused == 100


def test_zero_switches_it_off() -> None:
    """The load is measured, and nothing follows from it."""
    clock = Clock(overload_ms=0)
    clock.fill = 1.0

    assert clock.run(60_000) is Level.CALM
    assert clock.load.late_ms == 60_000
    clock.load.admit()


def test_the_log_has_a_line_for_the_beginning_the_end_and_each_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The last one says how long it took, and how many were refused."""
    clock.run(0)
    assert not caplog.messages
    clock.run(500)
    clock.fill = 0.95
    clock.run(500)
    for _ in range(2):
        with pytest.raises(Overloaded):
            clock.load.admit()
    clock.run_for(500, REMIND_SECONDS * 2 + 1)
    clock.fill = 0
    clock.run_for(0, 3 * HOLD_SECONDS)

    starts = [message.split(";")[0].partition(" after")[0] for message in caplog.messages]
    late = "the event loop is 500 ms late, the queue messages is"
    assert starts == [
        f"load: busy: {late} 0 % full",
        f"load: overloaded: {late} 95 % full",
        f"load: still overloaded: {late} 95 % full",
        f"load: still overloaded: {late} 95 % full",
        "load: no longer overloaded",
        "load: no longer busy",
    ]
    assert all(record.levelname == "WARNING" for record in caplog.records)
    assert "2 sockets and logins were refused" in caplog.messages[-2]
    assert " after 12" in caplog.messages[-2]
