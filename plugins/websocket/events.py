"""Events of all sockets of a worker, and their listeners: `app.ws.on`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .engine import Engine

EVENTS = ("online", "offline", "position_lost")


class Events:
    """
    The listeners to events of all sockets, and the methods that notify them.

    Args:
        engine: of this worker.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners: dict[str, list[Callable[..., Any]]] = {event: [] for event in EVENTS}

    def on(self, event: str, listener: Callable[..., Any]) -> None:
        """
        Add a listener, a plain or a coroutine function.

        Args:
            event: "online" or "offline" (with a user's id), when the first socket of a user
                across all workers connected or the last one disconnected, on the worker where
                that happened; or "position_lost", when messages to this worker's sockets may
                have been missed.
            listener: called in this worker.

        Raises:
            ValueError: there is no such event.
        """
        if event not in self._listeners:
            raise ValueError(f"app.ws has the events {', '.join(EVENTS)}, not {event!r}.")
        self._listeners[event].append(listener)

    def online(self, user_id: int) -> None:
        """Notify that a user's first socket, across all workers, was opened."""
        self._emit("online", user_id)

    def offline(self, user_id: int) -> None:
        """Notify that a user's last socket, across all workers, was closed."""
        self._emit("offline", user_id)

    def position_lost(self) -> None:
        """Notify that messages for this worker's sockets may have been missed."""
        self._emit("position_lost")

    def _emit(self, event: str, *arguments: Any) -> None:
        for listener in self._listeners[event]:
            self._engine.call(listener, f"a listener of app.ws to {event}", *arguments)
