"""Work that is repeated at an interval."""

from __future__ import annotations

import asyncio
import logging

import pytest

from yolk.concurrency import PeriodicTask

LOGGER = logging.getLogger("periodic")
BOUND_SECONDS = 30.0
"""Generous: for a machine under load."""


class Rounds:
    """Work that counts its rounds, fails in the first ones, and reports when enough have run."""

    def __init__(self, enough: int, errors: list[Exception]) -> None:
        self.number = 0
        self.done = asyncio.Event()
        self._enough = enough
        self._errors = errors

    async def run(self) -> None:
        """Run one round."""
        self.number += 1
        if self.number >= self._enough:
            self.done.set()
        if self._errors:
            raise self._errors.pop(0)


async def test_a_round_that_fails_is_logged_and_the_next_one_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An expected error is logged without a traceback, any other with it."""
    rounds = Rounds(3, [TimeoutError("no answer"), ValueError("a bug")])
    task = PeriodicTask(
        rounds.run, 0.001, "it failed", LOGGER, unavailable_errors=(TimeoutError,), jitter=1.0
    )

    task.start()
    async with asyncio.timeout(BOUND_SECONDS):
        await rounds.done.wait()
    await task.close()

    logged = [(record.getMessage(), record.exc_info is None) for record in caplog.records]
    assert logged == [("it failed: no answer", True), ("it failed: a bug", False)]


async def test_the_first_round_runs_at_the_start_or_after_an_interval() -> None:
    """With an interval of an hour, only the immediate one runs."""
    at_once, later = Rounds(1, []), Rounds(1, [])
    tasks = [
        PeriodicTask(at_once.run, 3600.0, "", LOGGER),
        PeriodicTask(later.run, 3600.0, "", LOGGER, is_immediate=False),
    ]

    for task in tasks:
        task.start()
    async with asyncio.timeout(BOUND_SECONDS):
        await at_once.done.wait()
        for task in tasks:
            await task.close()

    assert (at_once.number, later.number) == (1, 0)


async def test_closing_cancels_the_round_that_runs() -> None:
    """It waits until the round has cleaned up; closing what was not started does nothing."""
    events: list[str] = []
    began = asyncio.Event()

    async def hang() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            events.append("cleaned up")

    task = PeriodicTask(hang, 3600.0, "", LOGGER)
    await task.close()
    task.start()
    async with asyncio.timeout(BOUND_SECONDS):
        await began.wait()
        await task.close()

    assert events == ["cleaned up"]
