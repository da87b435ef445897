"""Tasks for many callers."""

from __future__ import annotations

from contextvars import ContextVar

from yolk.concurrency import KeyedSerialQueue, create_detached_task

REQUEST: ContextVar[str] = ContextVar("request", default="none")


async def test_a_detached_task_has_an_empty_context() -> None:
    """It neither sees the caller's context nor changes it."""
    REQUEST.set("mine")

    async def work() -> str:
        before = REQUEST.get()
        REQUEST.set("changed")
        return before

    assert await create_detached_task(work()) == "none"
    assert REQUEST.get() == "mine"


async def test_queued_work_has_an_empty_context() -> None:
    """Work of a keyed queue may come from many callers."""
    REQUEST.set("mine")
    seen: list[str] = []

    async def work() -> None:
        seen.append(REQUEST.get())

    queue = KeyedSerialQueue(10)
    queue.put("a", work)
    await queue.close(5)

    assert seen == ["none"]
