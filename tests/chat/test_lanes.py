"""Work that waits: in order within a lane, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.lanes import Lanes


def work(story: list[str], name: str, gate: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """Give work that waits at a gate."""

    async def run() -> None:
        await gate.wait()
        story.append(name)

    return run


async def test_a_lane_keeps_its_order_and_holds_up_no_other() -> None:
    """What is slow in one lane is overtaken by what is in another."""
    lanes, story = Lanes(10), list[str]()
    slow, quick = asyncio.Event(), asyncio.Event()
    lanes.put("a", work(story, "a1", slow))
    lanes.put("a", work(story, "a2", quick))
    other = lanes.put("b", work(story, "b1", quick))
    quick.set()

    assert other is not None
    await other
    assert story == ["b1"]

    slow.set()
    await lanes.close(5)
    assert story == ["b1", "a1", "a2"]


async def test_what_does_not_fit_is_told() -> None:
    """Room comes back when something is done, or when a lane is cancelled."""
    lanes, story, gate = Lanes(2), list[str](), asyncio.Event()
    first = lanes.put("a", work(story, "1", gate))
    assert lanes.put("b", work(story, "2", gate)) is not None
    assert lanes.put("a", work(story, "3", gate)) is None

    gate.set()
    await lanes.close(5)
    assert sorted(story) == ["1", "2"]

    gate.clear()
    first = lanes.put("a", work(story, "4", gate))
    assert lanes.put("a", work(story, "5", gate)) is first
    assert first is not None
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert lanes.put("a", work(story, "6", gate)) is not None
    assert lanes.put("a", work(story, "7", gate)) is not None
    gate.set()
    await lanes.close(5)
    assert story[2:] == ["6", "7"]
