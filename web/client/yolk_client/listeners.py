"""The listeners of events."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from yolk_client.background import BackgroundTasks
from yolk_client.types import Message, OutboxEntry

EVENTS = (
    *("state", "session", "message", "gap", "gone", "synced", "receipt"),
    *("typing", "presence", "system", "outbox"),
)

log = logging.getLogger("yolk_client")


class Delivery:
    """The delivery of one message to its listeners, and what they send meanwhile."""

    def __init__(self) -> None:
        self.written: list[OutboxEntry] = []
        self.is_over = False


_delivery: ContextVar[Delivery | None] = ContextVar("_delivery", default=None)


class Listeners:
    """Functions and coroutine functions, by event."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Callable[[Any], object]]] = {name: [] for name in EVENTS}
        self._tasks = BackgroundTasks()

    def add(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Add a listener. Returns a function that removes it."""
        listeners = self._by_event[event]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def emit(self, event: str, value: Any) -> None:
        """Call the listeners of an event; coroutines run in the background."""
        for listener in list(self._by_event[event]):
            try:
                result = listener(value)
            except Exception:  # the boundary of one listener
                log.exception("a listener of %s failed", event)
            else:
                if inspect.isawaitable(result):
                    self._tasks.spawn(_finish(event, result))

    async def deliver(self, message: Message) -> list[OutboxEntry]:
        """Call the listeners of a message one after the other. Returns what they sent."""
        delivery = Delivery()
        before = _delivery.set(delivery)
        try:
            for listener in list(self._by_event["message"]):
                try:
                    result = listener(message)
                    if inspect.isawaitable(result):
                        await result
                except Exception:  # the boundary of one listener
                    log.exception("a listener of message failed")
        finally:
            _delivery.reset(before)
            delivery.is_over = True
        return delivery.written

    def current_delivery(self) -> Delivery | None:
        """Return the delivery in which the caller runs, if it is a listener of `message`."""
        delivery = _delivery.get()
        # A task that a listener started may outlive the delivery.
        return None if delivery is None or delivery.is_over else delivery


async def _finish(event: str, work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:  # the boundary of one listener
        log.exception("a listener of %s failed", event)
