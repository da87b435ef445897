"""What a thread takes hold of, for those who may be cancelled while they wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def held(taking: Awaitable[T], release: Callable[[T], object]) -> T:
    """
    Wait for what must be released one day, and release it when nobody waits any more.

    A thread cannot be cancelled. Who is cancelled while it works never hears what it took hold
    of: a descriptor would stay open, and a lock taken, for as long as the process lives.

    Args:
        taking: gives what is taken hold of.
        release: lets go of it; called by the event loop, it must not block for long.
    """
    task = asyncio.ensure_future(taking)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: _release(done, release))
        raise


def _release(done: asyncio.Future[T], release: Callable[[T], object]) -> None:
    if not done.cancelled() and done.exception() is None:
        release(done.result())
