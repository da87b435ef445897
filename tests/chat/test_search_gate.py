"""So many search at a time, so many wait, and the next one is told to come back."""

from __future__ import annotations

import asyncio

import pytest

from services.errors import Busy
from services.search.gate import Gate


async def test_few_at_a_time_in_order_and_the_rest_is_refused() -> None:
    """Who is refused costs nobody a turn; who gives up waiting leaves the place to another."""
    gate, order = Gate(at_once=1, waiting=2), list[int]()
    go_on = asyncio.Event()

    async def search(number: int) -> None:
        async with gate.turn():
            order.append(number)
            await go_on.wait()

    first = asyncio.create_task(search(1))
    second = asyncio.create_task(search(2))
    third = asyncio.create_task(search(3))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await search(4)
    assert order == [1]

    second.cancel()
    await asyncio.wait([second])
    fifth = asyncio.create_task(search(5))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, third, fifth)

    assert order == [1, 3, 5]
    await search(6)
