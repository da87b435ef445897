"""Batched loading: few queries for many callers, and every row fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from yolk.concurrency import BatchedLoader
from yolk.concurrency.batched_loader import MAX_BATCH, MAX_CACHED


class Table:
    """A table with a row for every even number, which notes what was read."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.failure: Exception | None = None

    async def read(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the rows of *keys*."""
        self.reads.append(list(keys))
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return {key: f"row {key}" for key in keys if key % 2 == 0}


@pytest.fixture
def table() -> Table:
    """Return a table that was not read yet."""
    return Table()


async def test_each_key_gets_its_row(table: Table) -> None:
    """A key without a row gets None."""
    loader = BatchedLoader(table.read)

    answers = await asyncio.gather(*[loader.get(key) for key in (2, 3, 4, 2)])

    assert answers == ["row 2", None, "row 4", "row 2"]


async def test_keys_of_one_moment_are_one_query(table: Table) -> None:
    """A query has at most so many keys."""
    loader = BatchedLoader(table.read)

    await asyncio.gather(*[loader.get(key) for key in range(MAX_BATCH + 1)])

    assert [len(keys) for keys in table.reads] == [MAX_BATCH, 1]


async def test_a_row_is_read_after_the_call(table: Table) -> None:
    """A call while a query runs waits for the next query, which sees what is new."""
    loader = BatchedLoader(table.read)
    first = loader.get(2)
    while not table.reads:
        await asyncio.sleep(0)

    second = loader.get(2)
    await asyncio.gather(first, second)

    assert table.reads == [[2], [2]]


async def test_queries_have_few_sizes(table: Table) -> None:
    """The database keeps a plan for each number of keys, so the last key is repeated."""
    loader = BatchedLoader(table.read)

    await asyncio.gather(*[loader.get(key) for key in range(5)])

    assert table.reads == [[0, 1, 2, 3, 4, 4, 4, 4]]


async def test_a_failed_query_fails_its_callers(table: Table) -> None:
    """They get what the query raised; it is not repeated for each, and later calls succeed."""
    loader = BatchedLoader(table.read)
    table.failure = ConnectionError("away")

    answers = await asyncio.gather(loader.get(2), loader.get(4), return_exceptions=True)
    table.failure = None

    assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError]
    assert table.reads == [[2, 4]]
    assert await loader.get(2) == "row 2"


async def test_a_bad_key_fails_alone(table: Table) -> None:
    """Where one key breaks the query, the others of its batch get their rows."""

    async def read(keys: Sequence[int]) -> dict[int, str]:
        if 3 in keys:
            raise ValueError("out of range")
        return await table.read(keys)

    loader = BatchedLoader(read)

    answers = await asyncio.gather(*[loader.get(key) for key in (2, 3, 4)], return_exceptions=True)

    assert answers[0] == "row 2"
    assert isinstance(answers[1], ValueError)
    assert answers[2] == "row 4"


async def test_a_cancelled_call_fails_no_other(table: Table) -> None:
    """Another caller with the same key gets its row."""
    loader = BatchedLoader(table.read)
    leaving, staying = loader.get(2), loader.get(2)

    leaving.cancel()

    assert await staying == "row 2"


async def test_a_recent_row_comes_from_the_cache(table: Table) -> None:
    """That there is no row is never cached, and `get` always reads."""
    loader = BatchedLoader(table.read, cache_seconds=60)

    assert [await loader.get_recent(key) for key in (2, 2, 3, 3)] == ["row 2", "row 2", None, None]
    assert table.reads == [[2], [3], [3]]
    assert await loader.get(2) == "row 2"
    assert table.reads == [[2], [3], [3], [2]]


async def test_an_old_row_is_read_again(table: Table) -> None:
    """A row is cached for the given time only."""
    loader = BatchedLoader(table.read, cache_seconds=1e-9)

    await loader.get_recent(2)
    await loader.get_recent(2)

    assert table.reads == [[2], [2]]


async def test_the_cache_is_bounded(table: Table) -> None:
    """The oldest rows are dropped first."""
    loader = BatchedLoader(table.read, cache_seconds=60)
    await loader.get_recent(2)
    await asyncio.gather(*(loader.get_recent(2 * number) for number in range(2, MAX_CACHED + 2)))

    table.reads.clear()
    await loader.get_recent(2 * MAX_CACHED)
    assert table.reads == []
    await loader.get_recent(2)
    assert table.reads == [[2]]
