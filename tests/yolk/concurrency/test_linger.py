"""How long a batch waits to be filled."""

from __future__ import annotations

import asyncio
import math

from yolk.concurrency import linger


class Arrivals:
    """A queue that grows by one in each turn of the loop, for so many turns."""

    def __init__(self, turns: int) -> None:
        self.queue: list[int] = []
        self._task = asyncio.create_task(self._arrive(turns))

    async def _arrive(self, turns: int) -> None:
        for number in range(turns):
            self.queue.append(number)
            await asyncio.sleep(0)


async def test_it_ends_when_nothing_more_arrives() -> None:
    """After the given number of quiet turns in a row."""
    arrivals = Arrivals(10)

    await linger(arrivals.queue, 1000, quiet_turns=1, max_seconds=math.inf)

    assert len(arrivals.queue) == 10


async def test_it_ends_when_the_batch_is_full() -> None:
    """It does not wait for what has no place in the batch, nor at all when it is full already."""
    arrivals = Arrivals(10)

    await linger(arrivals.queue, 5, max_seconds=math.inf)
    await linger(arrivals.queue, 3, max_seconds=math.inf)

    assert len(arrivals.queue) == 5


async def test_it_ends_after_so_many_turns() -> None:
    """Though more arrives."""
    arrivals = Arrivals(1000)

    await linger(arrivals.queue, 1000, max_turns=7, max_seconds=math.inf)

    assert len(arrivals.queue) == 7


async def test_it_ends_after_so_much_time() -> None:
    """Though more arrives."""
    arrivals = Arrivals(1_000_000)

    await linger(arrivals.queue, 1_000_000)

    assert 0 < len(arrivals.queue) < 1_000_000
