"""What becomes of work, and of what it acquires, when the caller is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from yolk.concurrency import release_on_cancellation, run_to_completion


class Work:
    """Work that ends when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.goes_on = asyncio.Event()
        self.done = False
        self._error = error

    async def run(self) -> str:
        """Wait, and return or raise."""
        await self.goes_on.wait()
        self.done = True
        if self._error is not None:
            raise self._error
        return "result"


async def test_work_that_is_not_cancelled_returns_or_raises() -> None:
    """Both functions are transparent, for coroutines and for tasks."""
    released: list[str] = []
    work = Work()
    work.goes_on.set()
    assert await run_to_completion(work.run()) == "result"
    assert await run_to_completion(asyncio.create_task(work.run())) == "result"
    assert await release_on_cancellation(work.run(), released.append) == "result"
    assert released == []

    broken = Work(OSError("full"))
    broken.goes_on.set()
    with pytest.raises(OSError, match="full"):
        await run_to_completion(broken.run())
    with pytest.raises(OSError, match="full"):
        await release_on_cancellation(broken.run(), released.append)


@pytest.mark.parametrize("error", [None, OSError()])
async def test_a_cancelled_caller_waits_for_the_end(error: Exception | None) -> None:
    """However often it is cancelled, and whatever becomes of the work."""
    work = Work(error)
    caller = asyncio.create_task(run_to_completion(work.run()))
    for _ in range(3):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()

    work.goes_on.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert work.done


async def test_what_a_cancelled_caller_does_not_get_is_released() -> None:
    """The caller ends at once; the release follows when there is something to release."""
    work, released = Work(), list[str]()
    caller = asyncio.create_task(release_on_cancellation(work.run(), released.append))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not work.done

    work.goes_on.set()
    while not released:
        await asyncio.sleep(0)

    assert released == ["result"]


async def test_what_was_not_acquired_is_not_released() -> None:
    """An error after the cancellation concerns nobody."""
    work, released = Work(OSError()), list[str]()
    caller = asyncio.create_task(release_on_cancellation(work.run(), released.append))
    await asyncio.sleep(0)
    caller.cancel()
    work.goes_on.set()
    await asyncio.wait([caller])
    await asyncio.sleep(0)

    assert caller.cancelled()
    assert work.done
    assert released == []
