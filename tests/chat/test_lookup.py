"""Group reads: few queries for many, and each answer fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.lookup import BATCH, KEPT, Lookup


class Table:
    """A table that knows every even number, and notes what was read."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.failure: Exception | None = None

    async def read(self, keys: Sequence[int]) -> dict[int, str]:
        """Give the rows of *keys*."""
        self.reads.append(list(keys))
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return {key: f"row {key}" for key in keys if key % 2 == 0}


@pytest.fixture
def table() -> Table:
    """Give an empty record of reads."""
    return Table()


async def test_everyone_gets_the_own_row(table: Table) -> None:
    """Each key is answered with its row, and with None where there is none."""
    lookup = Lookup(table.read)

    answers = await asyncio.gather(*[lookup.get(key) for key in (2, 3, 4, 2)])

    assert answers == ["row 2", None, "row 4", "row 2"]


async def test_what_is_asked_together_is_one_query(table: Table) -> None:
    """A thousand that come at once cost a few queries."""
    lookup = Lookup(table.read)

    await asyncio.gather(*[lookup.get(key) for key in range(BATCH + 1)])

    assert [len(keys) for keys in table.reads] == [BATCH, 1]


async def test_a_row_is_read_after_it_was_asked_for(table: Table) -> None:
    """Who asks while a query is under way waits for the next one: that one sees what is new."""
    lookup = Lookup(table.read)
    first = lookup.get(2)
    while not table.reads:
        await asyncio.sleep(0)

    second = lookup.get(2)
    await asyncio.gather(first, second)

    assert table.reads == [[2], [2]]


async def test_queries_have_few_sizes(table: Table) -> None:
    """The database keeps a plan for each number of keys, so they are filled up."""
    lookup = Lookup(table.read)

    await asyncio.gather(*[lookup.get(key) for key in range(5)])

    assert table.reads == [[0, 1, 2, 3, 4, 4, 4, 4]]


async def test_a_failed_query_fails_those_who_asked(table: Table) -> None:
    """They see what the query raised; who asks afterwards gets an answer."""
    lookup = Lookup(table.read)
    table.failure = ConnectionError("away")

    answers = await asyncio.gather(lookup.get(2), lookup.get(4), return_exceptions=True)
    table.failure = None

    assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError]
    assert await lookup.get(2) == "row 2"


async def test_one_who_leaves_takes_nobody_along(table: Table) -> None:
    """A socket that is gone before its answer does not keep the others from theirs."""
    lookup = Lookup(table.read)
    leaving, staying = lookup.get(2), lookup.get(2)

    leaving.cancel()

    assert await staying == "row 2"


async def test_a_recent_row_is_not_read_again(table: Table) -> None:
    """Within the time that it is kept; that there is nothing is always looked up."""
    lookup = Lookup(table.read, keep=60)

    assert [await lookup.recent(key) for key in (2, 2, 3, 3)] == ["row 2", "row 2", None, None]
    assert table.reads == [[2], [3], [3]]
    assert await lookup.get(2) == "row 2"
    assert table.reads == [[2], [3], [3], [2]]


async def test_an_old_row_is_read_again(table: Table) -> None:
    """What was kept for longer than it may be counts for nothing."""
    lookup = Lookup(table.read, keep=1e-9)

    await lookup.recent(2)
    await lookup.recent(2)

    assert table.reads == [[2], [2]]


async def test_what_is_remembered_has_a_bound(table: Table) -> None:
    """The longest known go first."""
    lookup = Lookup(table.read, keep=60)
    await lookup.recent(2)
    await asyncio.gather(*(lookup.recent(2 * number) for number in range(2, KEPT + 2)))

    table.reads.clear()
    await lookup.recent(2 * KEPT)
    assert table.reads == []
    await lookup.recent(2)
    assert table.reads == [[2]]
