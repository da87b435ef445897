"""Work that a cancellation must not interrupt, such as that of a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def run_to_completion(work: Awaitable[T]) -> T:
    """
    Wait until *work* is done, even when cancelled; only then raise the cancellation.

    For cleaning up, and for what would be in an unknown state when interrupted.

    Args:
        work: a coroutine, or a task.

    Returns:
        the result of *work*.

    Raises:
        asyncio.CancelledError: the caller was cancelled meanwhile. What *work* returned or raised
            is dropped.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it
        raise


async def release_on_cancellation(acquiring: Awaitable[T], release: Callable[[T], object]) -> T:
    """
    Wait for a resource, and release it if the caller is cancelled before it gets it.

    A thread cannot be cancelled. Without this, what it acquires for a caller that was cancelled
    would never be released: a descriptor would stay open, or a lock taken, as long as the process.

    Args:
        acquiring: returns the resource.
        release: releases it. It runs on the event loop and must not block for long.

    Returns:
        the resource.
    """
    task = asyncio.ensure_future(acquiring)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: _release(done, release))
        raise


def _release(done: asyncio.Future[T], release: Callable[[T], object]) -> None:
    if not done.cancelled() and done.exception() is None:
        release(done.result())
