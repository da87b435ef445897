"""Group commit: order, batches, errors and the end, without a database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from yolk.concurrency import Batcher, QueueFull

REQUEST: ContextVar[str] = ContextVar("request", default="none")


class Refused(Exception):
    """The answer to one item."""


class Table:
    """A store of texts that raises for "bad" ones and answers "refused" ones with an error."""

    def __init__(self) -> None:
        self.attempts: list[list[str]] = []
        self.announced: list[list[str]] = []
        self.context = ""
        self.open = asyncio.Event()
        self.open.set()

    async def store(self, items: Sequence[str]) -> list[str | Refused]:
        """Store a batch."""
        self.attempts.append(list(items))
        self.context = REQUEST.get()
        await self.open.wait()
        if any(item.startswith("bad") for item in items):
            raise ValueError(items)
        return [Refused(item) if item == "refused" else item.upper() for item in items]

    async def announce(self, results: Sequence[str]) -> None:
        """Note what is announced."""
        self.announced.append(list(results))


@pytest.fixture
def table() -> Table:
    """Return an empty table."""
    return Table()


async def test_items_that_arrive_together_are_one_batch_in_order(table: Table) -> None:
    """A batch has at most so many items; the rest is the next batch."""
    batcher = Batcher(table.store, table.announce, max_batch=3)

    results = await asyncio.gather(*batcher.put_all(["a", "b"]), *map(batcher.put, "cde"))

    assert results == ["A", "B", "C", "D", "E"]
    assert table.attempts == [["a", "b", "c"], ["d", "e"]]
    await batcher.close()
    assert table.announced == [["A", "B", "C"], ["D", "E"]]


async def test_items_of_the_next_turns_join_a_batch(table: Table) -> None:
    """The batcher lingers while something arrives."""
    batcher = Batcher(table.store, max_batch=100)
    for item in "abc":
        batcher.put(item)
        await asyncio.sleep(0)

    await batcher.close()

    assert table.attempts == [["a", "b", "c"]]


async def test_one_batch_at_a_time(table: Table) -> None:
    """Items that arrive while a batch is being stored wait for the next one."""
    table.open.clear()
    batcher = Batcher(table.store, max_batch=100)
    first = batcher.put("a")
    while not table.attempts:
        await asyncio.sleep(0)
    second = batcher.put("b")
    await asyncio.sleep(0.01)
    assert table.attempts == [["a"]]
    assert not first.done()

    table.open.set()

    assert [await first, await second] == ["A", "B"]
    assert table.attempts == [["a"], ["b"]]


async def test_a_bad_item_fails_alone(table: Table) -> None:
    """A batch that raises is stored item by item, in order; the error is the caller's own."""
    batcher = Batcher(
        table.store, table.announce, max_batch=100, to_error=lambda error: Refused(str(error))
    )

    results = await asyncio.gather(
        *batcher.put_all(["a", "bad", "refused", "b"]), return_exceptions=True
    )

    assert [result if isinstance(result, str) else type(result) for result in results] == [
        "A",
        Refused,
        Refused,
        "B",
    ]
    assert table.attempts[1:] == [["a"], ["bad"], ["refused"], ["b"]]
    await batcher.close()
    assert table.announced == [["A", "B"]]


async def test_an_error_is_passed_on_unless_the_caller_has_another(table: Table) -> None:
    """Without *to_error* a future raises what the store raised."""
    batcher = Batcher(table.store, max_batch=100)

    with pytest.raises(ValueError, match="bad"):
        await batcher.put("bad")


async def test_too_few_results_fail_every_item() -> None:
    """No future waits for ever for a store that forgets an item."""

    async def store(items: Sequence[str]) -> list[str]:
        return list(items[1:])

    batcher = Batcher(store, max_batch=100)

    results = await asyncio.gather(*batcher.put_all(["a", "b"]), return_exceptions=True)

    assert [type(result) for result in results] == [ValueError, ValueError]


async def test_items_are_answered_before_they_are_announced(table: Table) -> None:
    """A slow announcement delays no answer, but the next batch."""
    announced = asyncio.Event()

    async def announce(_: Sequence[str]) -> None:
        await announced.wait()

    batcher = Batcher(table.store, announce, max_batch=100)
    assert await batcher.put("a") == "A"

    second = batcher.put("b")
    await asyncio.sleep(0.01)
    assert table.attempts == [["a"]]

    announced.set()
    assert await second == "B"


async def test_a_failed_announcement_is_logged(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    """It stops neither the answers nor the next batch."""

    async def announce(_: Sequence[str]) -> None:
        raise ValueError("nobody listens")

    batcher = Batcher(table.store, announce, max_batch=1, logger=logging.getLogger("tests"))

    assert await asyncio.gather(*batcher.put_all(["a", "b"])) == ["A", "B"]
    await batcher.close()
    assert len(caplog.records) == 2


async def test_too_many_items_are_refused(table: Table) -> None:
    """All of a call or none; a batch that is being stored no longer counts as waiting."""
    table.open.clear()
    batcher = Batcher(table.store, max_batch=100, max_waiting=2, full=Refused)
    futures = [batcher.put("a")]
    with pytest.raises(Refused):
        batcher.put_all(["b", "c"])
    assert batcher.fill == 0.5
    futures.append(batcher.put("d"))
    with pytest.raises(Refused):
        batcher.put("e")
    assert batcher.fill == 1

    while not table.attempts:
        await asyncio.sleep(0)
    futures += batcher.put_all(["f", "g"])
    table.open.set()

    assert await asyncio.gather(*futures) == ["A", "D", "F", "G"]


async def test_items_of_one_key_are_merged_while_they_wait(table: Table) -> None:
    """Each future is answered, each counts as waiting, and a batch counts merged items."""
    batcher = Batcher(
        table.store, table.announce, max_batch=2, max_waiting=5, key=lambda item: item[0], merge=max
    )

    futures = batcher.put_all(["a2", "b1", "a3", "c1", "a1"])
    with pytest.raises(QueueFull):
        batcher.put("a4")

    assert await asyncio.gather(*futures) == ["A3", "B1", "A3", "C1", "A3"]
    assert table.attempts == [["a3", "b1"], ["c1"]]
    assert await batcher.put("a1") == "A1"
    await batcher.close()
    assert table.announced == [["A3", "B1"], ["C1"], ["A1"]]


async def test_by_default_the_newer_of_two_merged_items_counts(table: Table) -> None:
    """A key is enough for it."""
    batcher = Batcher(table.store, max_batch=2, key=lambda item: item[0])

    assert await asyncio.gather(*batcher.put_all(["a2", "a1"])) == ["A1", "A1"]


async def test_an_item_is_stored_though_its_owner_is_cancelled(table: Table) -> None:
    """A cancelled future changes nothing for the others."""
    batcher = Batcher(table.store, table.announce, max_batch=100)
    left, right = batcher.put_all(["a", "b"])

    left.cancel()

    assert await right == "B"
    await batcher.close()
    assert table.announced == [["A", "B"]]


async def test_batches_run_in_an_empty_context(table: Table) -> None:
    """The store sees nothing of the request that came first."""
    REQUEST.set("first")
    batcher = Batcher(table.store, max_batch=100)

    await batcher.put("a")

    assert table.context == "none"


async def test_closing_waits_for_everything_and_takes_nothing_more(table: Table) -> None:
    """What was queued is answered and announced; what comes later is refused."""
    batcher = Batcher(table.store, table.announce, max_batch=2)
    futures = batcher.put_all(["a", "b", "c"])

    await batcher.close()

    assert [future.result() for future in futures] == ["A", "B", "C"]
    assert table.announced == [["A", "B"], ["C"]]
    assert batcher.idle
    with pytest.raises(QueueFull):
        batcher.put("d")
    await batcher.close()


async def test_closing_waits_no_longer_than_it_may(table: Table) -> None:
    """Neither a timeout nor a cancellation of the closing interrupts what is being stored."""
    table.open.clear()
    batcher = Batcher(table.store, max_batch=2)
    future = batcher.put("a")

    await batcher.close(timeout=0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await batcher.close()
    assert not batcher.idle

    table.open.set()
    assert await future == "A"
