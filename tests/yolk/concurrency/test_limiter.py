"""A few run at a time, a few wait, and the next one is refused."""

from __future__ import annotations

import asyncio

import pytest

from yolk.concurrency import ConcurrencyLimiter, QueueFull


async def test_a_few_at_a_time_in_order_and_the_rest_is_refused() -> None:
    """A refused caller takes no place, and a cancelled one leaves its place to another."""
    limiter, order = ConcurrencyLimiter(max_running=1, max_waiting=2), list[int]()
    go_on = asyncio.Event()

    async def work(number: int) -> None:
        async with limiter:
            order.append(number)
            await go_on.wait()

    first = asyncio.create_task(work(1))
    second = asyncio.create_task(work(2))
    third = asyncio.create_task(work(3))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await work(4)
    assert order == [1]
    assert limiter.fill == 1

    second.cancel()
    await asyncio.wait([second])
    assert limiter.fill == 0.5
    fifth = asyncio.create_task(work(5))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, third, fifth)

    assert order == [1, 3, 5]
    await work(6)
    assert limiter.fill == 0


async def test_the_error_is_the_callers_own() -> None:
    """A place is free again after a block that raised."""
    limiter = ConcurrencyLimiter(max_running=1, max_waiting=0, full=BlockingIOError)

    async def fail() -> None:
        async with limiter:
            with pytest.raises(BlockingIOError):
                await limiter.__aenter__()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with limiter:
        pass
