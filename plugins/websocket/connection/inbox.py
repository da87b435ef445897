"""The received messages of one socket: handled in order, queued in bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from picows import WSListener

from ..engine import Engine
from ..rfc6455 import frames

Listener = Callable[..., Any]


class Inbox(WSListener):
    """
    The queue of messages from one client.

    Listeners may be plain functions or coroutine functions. Messages are handled one after the
    other, in the order in which they arrived; those that arrive before there is a listener wait for
    one. When too many wait, reading pauses, so that the client has to wait. What a client sent
    before it closed is still handled, before `_finished` is called; after `_discard_rest` nothing
    more is. A listener that raises is logged, and the socket is closed with 1011.

    A base of `WebSocket` and not a part of it: a part would need a reference back, and sockets
    are freed without the garbage collector.
    """

    __slots__ = (
        "_discarding",
        "_draining",
        "_ended",
        "_engine",
        "_on_message",
        "_paused",
        "_queue",
        "_queued_size",
        "number",
    )

    def __init__(self, engine: Engine) -> None:
        self.number = engine.next_number()
        self._engine = engine
        self._on_message: tuple[Listener, ...] | None = None
        self._queue: deque[str | bytes] | None = None
        """None unless a message is being handled, or waits for a listener."""
        self._queued_size = 0
        """The size of the queued messages, in bytes, or characters of text."""
        self._draining = False
        """Whether a task handles the queue."""
        self._paused = False
        """Whether reading is paused."""
        self._discarding = False
        self._ended = False
        """Whether the connection is gone, so that nothing more arrives."""

    @property
    def id(self) -> str:
        """This socket's name, unique among all workers."""
        return f"{self._engine.worker}:{self.number}"

    # --- implemented by the connection

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Begin to close."""
        raise NotImplementedError

    def _pause_reading(self) -> None:
        raise NotImplementedError

    def _resume_reading(self) -> None:
        raise NotImplementedError

    def _finished(self) -> None:
        """Handle that the connection is gone and all of its messages are handled."""
        raise NotImplementedError

    # --- the queue

    def _add_message_listener(self, listener: Listener) -> None:
        if self._ended and self._queue is None:
            return  # nothing will arrive, and keeping it would make a reference cycle
        self._on_message = (*(self._on_message or ()), listener)
        if self._queue is not None and not self._draining:
            self._start_draining()

    def _receive(self, message: str | bytes) -> None:
        """Handle *message* now, or after those that arrived before it."""
        listeners = self._on_message
        if listeners is None or self._queue is not None:
            self._enqueue(message)
            return
        position = 0
        try:
            for listener in listeners:
                position += 1  # without enumerate, which is slower
                result = listener(message)
                # `send` may be a listener: most often the result is None or True.
                if result is None or result is True:
                    continue
                if hasattr(result, "__await__"):
                    self._start_draining(result, message, position)
                    return
        except Exception:  # noqa: BLE001 - the boundary of one socket's handler
            self._listener_failed()

    def _enqueue(self, message: str | bytes) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(message)
        self._queued_size += len(message)
        limits = self._engine.settings
        # Frames of the packet that is being read still arrive; then the client has to wait.
        if not self._paused and (
            len(self._queue) >= limits.max_queued_messages
            or self._queued_size >= limits.max_queued_bytes
        ):
            self._paused = True
            self._pause_reading()

    def _resume_if_half_drained(self) -> None:
        limits = self._engine.settings
        if (
            self._paused
            and len(self._queue or ()) <= limits.max_queued_messages // 2
            and self._queued_size <= limits.max_queued_bytes // 2
        ):
            self._paused = False
            self._resume_reading()

    def _start_draining(
        self, awaiting: Awaitable[Any] | None = None, message: str | bytes = "", position: int = 0
    ) -> None:
        """Start a task that handles the queue, after it has awaited *awaiting*.

        Args:
            awaiting: what the listener before *position* returned for *message*.
            message: the message that is being handled.
            position: the index of its next listener.
        """
        self._draining = True
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
            while self._queue and not self._discarding and self._on_message:
                message = self._queue.popleft()
                self._queued_size -= len(message)
                self._resume_if_half_drained()
                await self._handle(message, 0)
        except Exception:  # noqa: BLE001 - the boundary of one socket's handler
            self._listener_failed()
        finally:
            self._draining = False
            if not self._queue or self._on_message:
                self._queue = None
                self._queued_size = 0
        if self._ended:
            self._on_message = None
            self._finished()

    async def _handle(self, message: str | bytes, position: int) -> None:
        """Call the message listeners from *position* on, one after the other."""
        for listener in (self._on_message or ())[position:]:
            if self._discarding:
                return
            result = listener(message)
            if result is not None and hasattr(result, "__await__"):
                await result

    def _listener_failed(self) -> None:
        self._engine.logger.exception("a message listener of socket %s raised", self.id)
        self.close(frames.INTERNAL_ERROR, "internal error")

    def _discard_rest(self) -> None:
        """Handle nothing more, not even what is queued: the server closes."""
        self._discarding = True

    def _input_ended(self) -> None:
        """End the input. `_finished` is called at once, or when all is handled."""
        self._ended = True
        if not self._draining:
            if self._discarding or self._queue is None or self._on_message is not None:
                self._queue = None
                self._on_message = None
            self._finished()
