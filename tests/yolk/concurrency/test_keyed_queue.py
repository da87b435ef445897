"""Work that waits: in order within a key, and bounded over all keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from yolk.concurrency import KeyedSerialQueue


def work(story: list[str], name: str, gate: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """Return work that waits for an event."""

    async def run() -> None:
        await gate.wait()
        story.append(name)

    return run


async def test_a_key_keeps_its_order_and_delays_no_other() -> None:
    """Work of another key overtakes slow work."""
    queue, story = KeyedSerialQueue(10), list[str]()
    slow, quick = asyncio.Event(), asyncio.Event()
    queue.put("a", work(story, "a1", slow))
    queue.put("a", work(story, "a2", quick))
    other = queue.put("b", work(story, "b1", quick))
    quick.set()

    assert other is not None
    await other
    assert story == ["b1"]

    slow.set()
    await queue.close(5)
    assert story == ["b1", "a1", "a2"]


async def test_what_does_not_fit_is_refused() -> None:
    """There is room again when something is done, or when the task of a key is cancelled."""
    queue, story, gate = KeyedSerialQueue(2), list[str](), asyncio.Event()
    first = queue.put("a", work(story, "1", gate))
    assert queue.put("b", work(story, "2", gate)) is not None
    assert queue.put("a", work(story, "3", gate)) is None

    gate.set()
    await queue.close(5)
    assert sorted(story) == ["1", "2"]

    gate.clear()
    first = queue.put("a", work(story, "4", gate))
    assert queue.put("a", work(story, "5", gate)) is first
    assert first is not None
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert queue.put("a", work(story, "6", gate)) is not None
    assert queue.put("a", work(story, "7", gate)) is not None
    gate.set()
    await queue.close(5)
    assert story[2:] == ["6", "7"]
