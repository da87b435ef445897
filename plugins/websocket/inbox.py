"""The messages of one socket, in order: who listens to them, and who has to wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from picows import WSListener

from . import frames
from .engine import Engine

Listener = Callable[..., Any]


class Inbox(WSListener):
    """
    The line of messages from one client.

    Listeners may be plain functions or coroutine functions. Messages are handled one after the
    other, in the order in which they came; what comes before there is a listener waits for it.
    When too much waits, the client has to: reading pauses. What a client sent before it closed is
    still handled, before `_finished` is called; after `_ignore_rest` nothing more is. A listener
    that raises is logged and closes with 1011.

    A base of `WebSocket` and not a part of it: a second object would cost every connection.
    """

    __slots__ = (
        "_busy",
        "_ended",
        "_engine",
        "_ignoring",
        "_on_message",
        "_paused",
        "_queue",
        "_waiting",
        "number",
    )

    def __init__(self, engine: Engine) -> None:
        self.number = engine.next_number()
        self._engine = engine
        self._on_message: tuple[Listener, ...] | None = None
        self._queue: deque[str | bytes] | None = None
        """There while a message is being handled, or waits for a listener."""
        self._waiting = 0
        """What the queue holds, in bytes, or characters of text."""
        self._busy = False
        self._paused = False
        self._ignoring = False
        self._ended = False

    @property
    def id(self) -> str:
        """This socket's name, unique among all workers."""
        return f"{self._engine.worker}:{self.number}"

    # --- what the connection does

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Begin to close."""
        raise NotImplementedError

    def _pause_reading(self) -> None:
        raise NotImplementedError

    def _resume_reading(self) -> None:
        raise NotImplementedError

    def _finished(self) -> None:
        """Note that the connection is gone and that all of its messages are handled."""
        raise NotImplementedError

    # --- the line

    def _add_message_listener(self, listener: Listener) -> None:
        if self._ended and self._queue is None:
            return  # nothing will come; to keep it would make a cycle
        self._on_message = (*(self._on_message or ()), listener)
        if self._queue is not None and not self._busy:
            self._run()

    def _receive(self, message: str | bytes) -> None:
        """Handle *message* now, or after those that came before it."""
        listeners = self._on_message
        if listeners is None or self._queue is not None:
            self._wait_in_line(message)
            return
        position = 0
        try:
            for listener in listeners:
                position += 1  # without enumerate, which is slower
                result = listener(message)
                if result is not None and hasattr(result, "__await__"):
                    self._run(result, message, position)
                    return
        except Exception:  # noqa: BLE001  # the boundary of one socket's handler
            self._broke()

    def _wait_in_line(self, message: str | bytes) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(message)
        self._waiting += len(message)
        limits = self._engine.settings
        # Frames of the packet that is being read still come in; then the client has to wait.
        if not self._paused and (
            len(self._queue) >= limits.max_queued_messages
            or self._waiting >= limits.max_queued_bytes
        ):
            self._paused = True
            self._pause_reading()

    def _read_on(self) -> None:
        """Let the client send again when half of the line is handled."""
        limits = self._engine.settings
        if (
            self._paused
            and len(self._queue or ()) <= limits.max_queued_messages // 2
            and self._waiting <= limits.max_queued_bytes // 2
        ):
            self._paused = False
            self._resume_reading()

    def _run(
        self, awaiting: Awaitable[Any] | None = None, message: str | bytes = "", position: int = 0
    ) -> None:
        """Start the task that handles what waits; it goes on from the listener at *position*."""
        self._busy = True
        if self._queue is None:
            self._queue = deque()
        self._engine.spawn(self._drain(awaiting, message, position))

    async def _drain(
        self, awaiting: Awaitable[Any] | None, message: str | bytes, position: int
    ) -> None:
        try:
            if awaiting is not None:
                await awaiting
                await self._handle(message, position)
            while self._queue and not self._ignoring and self._on_message:
                message = self._queue.popleft()
                self._waiting -= len(message)
                self._read_on()
                await self._handle(message, 0)
        except Exception:  # noqa: BLE001  # the boundary of one socket's handler
            self._broke()
        finally:
            self._busy = False
            if not self._queue or self._on_message:
                self._queue = None
                self._waiting = 0
        if self._ended:
            self._on_message = None
            self._finished()

    async def _handle(self, message: str | bytes, position: int) -> None:
        """Call the message listeners from *position* on, one after the other."""
        for listener in (self._on_message or ())[position:]:
            if self._ignoring:
                return
            result = listener(message)
            if result is not None and hasattr(result, "__await__"):
                await result

    def _broke(self) -> None:
        self._engine.logger.exception("a message listener of socket %s raised", self.id)
        self.close(frames.INTERNAL_ERROR, "internal error")

    def _ignore_rest(self) -> None:
        """Handle nothing more, not even what waits: we closed."""
        self._ignoring = True

    def _end_of_line(self) -> None:
        """Know that nothing more comes. `_finished` follows, at once or when all is handled."""
        self._ended = True
        if not self._busy:
            if self._ignoring or self._queue is None or self._on_message is not None:
                self._queue = None
                self._on_message = None
            self._finished()
