"""Tasks that outlive their caller, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


def create_detached_task(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """
    Start *work* in a task with an empty context.

    A task usually copies its creator's context variables. Work for many callers must not run in
    the context of the first one: that may hold an open transaction, or a whole request.

    Args:
        work: a coroutine.

    Returns:
        the task. The caller must keep a reference to it.
    """
    return asyncio.get_running_loop().create_task(work, context=Context())


async def cancel_task(task: asyncio.Task[Any] | None) -> None:
    """
    Cancel *task*, and wait until it has ended.

    Args:
        task: a task that may have ended already; None does nothing.
    """
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
