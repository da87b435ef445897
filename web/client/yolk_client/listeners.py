"""Who hears of what."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from yolk_client.types import Message, OutboxEntry

EVENTS = (
    *("state", "session", "message", "gap", "gone", "synced", "receipt"),
    *("typing", "presence", "system", "outbox"),
)

log = logging.getLogger("yolk_client")


class Turn:
    """A message that listeners look at, and what they write meanwhile."""

    def __init__(self) -> None:
        self.written: list[OutboxEntry] = []
        self.is_over = False


_turn: ContextVar[Turn | None] = ContextVar("_turn", default=None)


class Listeners:
    """Functions and coroutine functions, by the event that they hear of."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Callable[[Any], object]]] = {name: [] for name in EVENTS}
        self._tasks: set[asyncio.Future[None]] = set()

    def add(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Add one; what this gives takes it away."""
        listeners = self._by_event[event]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def emit(self, event: str, value: Any) -> None:
        """Tell of an event; nobody waits for those that are coroutines."""
        for listener in list(self._by_event[event]):
            try:
                result = listener(value)
            except Exception:  # the boundary of one listener
                log.exception("a listener of %s failed", event)
            else:
                if inspect.isawaitable(result):
                    self.spawn(_finish(event, result))

    async def hand_out(self, message: Message) -> list[OutboxEntry]:
        """Give a message to its listeners, one after the other, and what they wrote back."""
        turn = Turn()
        before = _turn.set(turn)
        try:
            for listener in list(self._by_event["message"]):
                try:
                    result = listener(message)
                    if inspect.isawaitable(result):
                        await result
                except Exception:  # the boundary of one listener
                    log.exception("a listener of message failed")
        finally:
            _turn.reset(before)
            turn.is_over = True
        return turn.written

    def turn(self) -> Turn | None:
        """Give the turn that the caller belongs to: it is a listener of `message`, called now."""
        turn = _turn.get()
        # A task that a listener began goes its own way when the listener has ended.
        return None if turn is None or turn.is_over else turn

    def spawn(self, work: Awaitable[None]) -> None:
        """Do something beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _finish(event: str, work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:  # the boundary of one listener
        log.exception("a listener of %s failed", event)
