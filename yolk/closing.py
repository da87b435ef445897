"""Closing what was started, in reverse order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from sanic.log import logger


class ClosingStack(AsyncExitStack):
    """
    An `AsyncExitStack` of closers whose errors are logged, each with its traceback.

    The last one that was added runs first. One that raises does not keep the next from running.
    """

    def add(self, close: Callable[..., Awaitable[None] | None], *arguments: Any) -> None:
        """
        Call *close* when the stack is closed.

        Args:
            close: a function or a coroutine function.
            arguments: its arguments.
        """
        self.push_async_callback(_run, close, *arguments)


async def _run(close: Callable[..., Awaitable[None] | None], *arguments: Any) -> None:
    try:
        closing = close(*arguments)
        if closing is not None:
            await closing
    except Exception:  # noqa: BLE001 - the boundary of one closer
        logger.exception("%s failed", getattr(close, "__qualname__", close))
