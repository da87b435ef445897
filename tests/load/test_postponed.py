"""What is postponed while a worker is busy: merged, bounded, and pushed when it is calm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from services.load import postponed
from services.load.monitor import Level, LoadMonitor
from services.load.postponed import Postponed


class Pushes:
    """What was pushed."""

    def __init__(self) -> None:
        self.batches: list[Sequence[str]] = []
        self.errors: list[Exception] = []
        self.pushed = asyncio.Event()

    async def push(self, items: Sequence[str]) -> None:
        """Keep the items, or fail."""
        if self.errors:
            raise self.errors.pop()
        self.batches.append(items)
        self.pushed.set()

    async def next(self) -> Sequence[str]:
        """Return the next batch."""
        async with asyncio.timeout(10):
            await self.pushed.wait()
        self.pushed.clear()
        return self.batches[-1]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten all waits."""
    for name in ("PAUSE_SECONDS", "CHECK_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(postponed, name, 0.001)


@pytest.fixture
def load() -> LoadMonitor:
    """Return a monitor whose level the test sets."""
    return LoadMonitor(1000, logging.getLogger("load"))


@pytest.fixture
def pushes() -> Pushes:
    """Return what is pushed."""
    return Pushes()


@pytest.fixture
def waiting(load: LoadMonitor, pushes: Pushes) -> Postponed[str, str]:
    """Return a collection that joins the texts of a key."""
    logger = logging.getLogger("load")
    return Postponed(load, pushes.push, (ConnectionError,), logger, lambda old, new: old + new)


async def test_nothing_is_postponed_while_the_worker_is_calm(waiting: Postponed[str, str]) -> None:
    """The caller pushes it now."""
    assert not waiting.put({"a": "1"})


@pytest.mark.parametrize("level", [Level.BUSY, Level.OVERLOADED])
async def test_items_of_a_key_are_merged_until_the_worker_is_calm(
    waiting: Postponed[str, str], load: LoadMonitor, pushes: Pushes, level: Level
) -> None:
    """Then all are pushed, in the order of their first items."""
    load.level = level
    assert waiting.put({"a": "1", "b": "2"})
    assert waiting.put({"a": "3"})
    await asyncio.sleep(0.02)
    assert not pushes.batches

    load.level = Level.CALM
    assert waiting.put({"a": "4"}), "it does not overtake the ones that wait"
    assert await pushes.next() == ["134", "2"]
    await asyncio.sleep(0.02)
    assert not waiting.put({"a": "5"})


async def test_what_cannot_be_kept_is_not_postponed(
    waiting: Postponed[str, str], load: LoadMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is pushed now instead of lost; a key that waits needs no room."""
    monkeypatch.setattr(postponed, "MAX_WAITING", 2)
    load.level = Level.BUSY

    assert waiting.put({"a": "1", "b": "2"})
    assert not waiting.put({"c": "3"})
    assert waiting.put({"a": "3"})
    await waiting.close()


async def test_many_items_are_pushed_in_parts(
    waiting: Postponed[str, str],
    load: LoadMonitor,
    pushes: Pushes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that is busy again goes on later."""
    monkeypatch.setattr(postponed, "MAX_BATCH", 2)
    load.level = Level.BUSY
    waiting.put({str(number): str(number) for number in range(5)})
    load.level = Level.CALM

    assert await pushes.next() == ["0", "1"]
    load.level = Level.BUSY
    await asyncio.sleep(0.02)
    assert len(pushes.batches) <= 2
    load.level = Level.CALM
    async with asyncio.timeout(10):
        while len(pushes.batches) < 3:
            await asyncio.sleep(0)
    assert pushes.batches == [["0", "1"], ["2", "3"], ["4"]]


async def test_items_wait_while_the_database_is_unavailable(
    waiting: Postponed[str, str], load: LoadMonitor, pushes: Pushes
) -> None:
    """They are merged with newer ones; another error is logged, and its items are left out."""
    load.level = Level.BUSY
    waiting.put({"a": "1"})
    pushes.errors = [ConnectionError("no Redis"), ConnectionError("no Redis")]
    load.level = Level.CALM
    assert await pushes.next() == ["1"]

    await asyncio.sleep(0.02)
    load.level = Level.BUSY
    waiting.put({"b": "1"})
    pushes.errors = [ValueError("a bug")]
    load.level = Level.CALM
    await asyncio.sleep(0.05)
    assert pushes.batches == [["1"]]
    assert not waiting.put({"b": "2"})


async def test_closing_pushes_what_waits(
    waiting: Postponed[str, str], load: LoadMonitor, pushes: Pushes
) -> None:
    """However busy the worker is; later items are pushed by the caller."""
    load.level = Level.OVERLOADED
    waiting.put({"a": "1"})

    await waiting.close()

    assert pushes.batches == [["1"]]
    assert not waiting.put({"a": "2"})
