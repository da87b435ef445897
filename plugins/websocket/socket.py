"""One open WebSocket: messages in, in order; messages out, one write a turn; its closing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from . import frames
from .engine import EMPTY, Engine
from .frames import ProtocolError

if TYPE_CHECKING:
    from .rooms import Room

Listener = Callable[..., Any]

READS_TOO_SLOWLY = 4008

# Frames gathered within a turn are looked at after so many: a loop that never awaits is bounded.
_LONGEST_GATHERING = 512

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_CONTINUATION = WSMsgType.CONTINUATION
_CLOSE = WSMsgType.CLOSE
_PING = WSMsgType.PING


class State(IntEnum):
    """How far the closing of a connection is (RFC 6455, section 7.1)."""

    OPEN = 0
    CLOSING = 1
    CLOSED = 2


_OPEN, _CLOSING, _CLOSED = State


class WebSocket(WSListener):
    """
    One client's connection.

    Listeners may be plain functions or coroutine functions. Messages are handled one after the
    other, in the order in which they came; what comes before there is a listener waits for it.
    What a peer sent before it closed is still handled, before the close listeners run; after a
    close of our own nothing more is. A listener that raises is logged and closes with 1011.

    Other attributes may be set freely: `ctx.websocket.chat_user_id = 1`.
    """

    # __dict__ is made when somebody sets an attribute; until then it costs one pointer.
    __slots__ = (
        "__dict__",
        "_by_us",
        "_busy",
        "_engine",
        "_heard",
        "_kind",
        "_on_close",
        "_on_message",
        "_out",
        "_partial",
        "_paused",
        "_pinged",
        "_queue",
        "_stalled",
        "_state",
        "_timer",
        "_transport",
        "_waiters",
        "_wire",
        "close_code",
        "close_reason",
        "context",
        "number",
        "topics",
        "user_id",
    )

    def __init__(self, engine: Engine) -> None:
        self.number = engine.number()
        self.user_id: int | None = None
        self.close_code = frames.ABNORMAL
        self.close_reason = ""
        self.topics: set[str] | None = None
        self.context: Any = None
        self._engine = engine
        self._state = _OPEN
        self._by_us = False
        self._transport: WSTransport | None = None
        self._wire: asyncio.Transport | None = None
        self._on_message: list[Listener] | None = None
        self._on_close: list[Listener] | None = None
        self._queue: list[str | bytes] | None = None
        self._busy = False
        self._paused = False
        self._partial: bytearray | None = None
        self._kind: WSMsgType | None = None
        self._out: bytes | list[bytes] | None = None
        self._stalled = False
        self._heard = True
        self._pinged = False
        self._waiters: tuple[asyncio.Future[None], ...] = ()
        self._timer: asyncio.TimerHandle | None = None

    # --- for handlers

    @property
    def id(self) -> str:
        """This socket's name, unique among all workers."""
        return f"{self._engine.worker}:{self.number}"

    @property
    def open(self) -> bool:
        """Whether messages can be sent: neither side has begun to close."""
        return self._state is _OPEN

    @property
    def room(self) -> Room:
        """The rooms that this socket is in."""
        return self._engine.rooms.of(self)

    def on(self, event: str, listener: Listener) -> Self:
        """
        Add a listener.

        Args:
            event: "message" or "close".
            listener: gets the text or bytes of a message; or the code and the reason of the
                close: the peer's, ours where we closed first, 1006 where there was none.

        Raises:
            ValueError: there is no such event.
        """
        if event == "message":
            if self._state is _CLOSED and self._queue is None:
                return self  # nothing will come; to keep it would make a cycle
            self._on_message = [*(self._on_message or ()), listener]
            if self._queue is not None and not self._busy:
                self._run()
        elif event == "close":
            self._on_close = [*(self._on_close or ()), listener]
            if self._state is _CLOSED and not self._busy:
                self._run()
        else:
            raise ValueError(f'A websocket has the events "message" and "close", not {event!r}.')
        return self

    def send(self, data: str | bytes) -> bool:
        """
        Send a message, text or binary by its type.

        Returns:
            False when the socket is closed. True says that it is on its way, not that it came.
        """
        return self._state is _OPEN and self.write(frames.encode(data))

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """
        Begin the closing handshake (RFC 6455, section 7.1.2); nothing where it has begun.

        Args:
            code: a close code that may be sent (section 7.4).
            reason: for people and logs; cut to 123 bytes of UTF-8.

        Raises:
            ValueError: the code must not be sent.
        """
        if not frames.may_be_sent(code):
            raise ValueError(f"{code} is no close code that may be sent.")
        if self._state is _OPEN:
            self.flush()
            self._begin_close(code, reason, self._engine.limits.close_timeout)

    async def closed(self) -> None:
        """Wait until the connection is gone."""
        await self.gone()

    # --- for the server

    def gone(self) -> asyncio.Future[None]:
        """Give a future that is done when the connection is gone."""
        future: asyncio.Future[None] = self._engine.loop.create_future()
        if self._state is _CLOSED:
            future.set_result(None)
        else:
            self._waiters = (*self._waiters, future)
        return future

    def start_reading(self) -> None:
        """Read on, when the hand-over is through."""
        if self._wire is not None and not self._paused:
            self._wire.resume_reading()

    def write(self, frame: bytes) -> bool:
        """
        Send a frame, joined with what else this turn of the loop sends here.

        Args:
            frame: from `frames.encode`; the same bytes may go to many sockets.
        """
        if self._state is not _OPEN:
            return False
        out = self._out
        if out is None:
            self._out = frame
            self._engine.flush_soon(self)
        elif isinstance(out, list):
            out.append(frame)
            if len(out) > _LONGEST_GATHERING:
                self.flush()
        else:
            self._out = [out, frame]
        return True

    def flush(self) -> None:
        """Write what was gathered; a peer that leaves too much unread is closed instead."""
        out = self._out
        if out is None:
            return
        self._out = None
        wire, transport = self._wire, self._transport
        if self._state is not _OPEN or wire is None or transport is None:
            return
        if self._stalled and wire.get_write_buffer_size() > self._engine.limits.write_buffer_limit:
            self._engine.counters.slow += 1
            timeout = self._engine.limits.slow_timeout
            self._begin_close(READS_TOO_SLOWLY, "reads too slowly", timeout)
        elif not transport.is_close_frame_sent:  # by picows itself, on a frame it cannot read
            wire.write(b"".join(out) if isinstance(out, list) else out)

    def heartbeat(self) -> None:
        """
        Ping a peer that was silent since the last heartbeat, abort one that did not answer.

        A peer that waits for us (reading is paused) is left alone: its pong would not be read.
        """
        if self._heard or self._paused or self._state is not _OPEN:
            self._heard = self._pinged = False
        elif not self._pinged:
            self._pinged = True
            self.write(frames.PING)
        else:
            self._engine.counters.silent += 1
            self.abort()

    def abort(self) -> None:
        """Drop the connection without a closing handshake."""
        if self._wire is not None:
            self._wire.abort()

    # --- from picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take the connection: the 101 is on its way."""
        self._transport = transport
        self._wire = transport.underlying_transport

    def on_ws_frame(self, _: WSTransport, frame: WSFrame) -> None:
        """Take a frame. Opcode, mask, lengths and control frames' form were checked by picows."""
        self._heard = True
        kind = frame.msg_type
        if self._state is not _OPEN:
            if kind is _CLOSE and self._wire is not None:
                self._wire.close()
            return
        try:
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                raise ProtocolError(frames.PROTOCOL_ERROR, "reserved bits are set")
            if kind is _TEXT and frame.fin and self._partial is None:
                self._receive(frame.get_payload_as_utf8_text())
            elif kind is _TEXT or kind is _BINARY or kind is _CONTINUATION:
                self._assemble(kind, frame)
            elif kind is _PING:
                self.write(frames.pong(frame.get_payload_as_bytes()))
            elif kind is _CLOSE:
                self._answer_close(*frames.read_close(frame.get_payload_as_bytes()))
        except UnicodeDecodeError:
            self.close(frames.NOT_UTF8, "not UTF-8")
        except ProtocolError as error:
            self.close(error.code, error.reason)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Take leave: the connection is gone."""
        if self._state is _OPEN:
            handshake = transport.close_handshake
            if handshake and handshake.sent:  # picows' own refusal of what it cannot read
                self.close_code = int(handshake.sent.code)  # type: ignore[call-overload]
                self.close_reason = handshake.sent.reason
                self._by_us = True
        self._state = _CLOSED
        self._wire = self._transport = self._out = self._partial = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._engine.left(self)
        self.context = None
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters = ()
        if not self._busy:
            if self._by_us or self._queue is None or self._on_message is not None:
                self._queue = None
                self._on_message = None
            self._tell_close()

    def pause_writing(self) -> None:
        """Note that the peer does not read as fast as we write."""
        self._stalled = True

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        self._stalled = False

    # --- messages in

    def _assemble(self, kind: WSMsgType, frame: WSFrame) -> None:
        """Put fragments together (section 5.4); control frames may have come in between."""
        if kind is _CONTINUATION:
            if self._partial is None:
                raise ProtocolError(frames.PROTOCOL_ERROR, "there is nothing to continue")
            if len(self._partial) + frame.payload_size > self._engine.limits.max_message_size:
                self._partial = None
                raise ProtocolError(frames.TOO_BIG, "the message is too big")
            self._partial += frame.get_payload_as_memoryview()
        elif self._partial is not None:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a message begins within another")
        elif frame.fin:
            self._receive(frame.get_payload_as_bytes())
            return
        else:
            self._kind = kind
            self._partial = bytearray(frame.get_payload_as_memoryview())
        if frame.fin:
            whole, self._partial = self._partial, None
            self._receive(whole.decode() if self._kind is _TEXT else bytes(whole))

    def _receive(self, message: str | bytes) -> None:
        listeners = self._on_message
        if listeners is None or self._queue is not None:
            self._wait_in_line(message)
            return
        try:
            for position, listener in enumerate(listeners, 1):
                result = listener(message)
                if result is not None and hasattr(result, "__await__"):
                    self._run(result, message, position)
                    return
        except Exception:  # noqa: BLE001  # the boundary of one socket's handler
            self._broke()

    def _wait_in_line(self, message: str | bytes) -> None:
        if self._queue is None:
            self._queue = []
        self._queue.append(message)
        # Frames of the packet that is being read still come in; then the peer has to wait.
        if len(self._queue) >= self._engine.limits.max_queued_messages and not self._paused:
            self._paused = True
            if self._wire is not None and not self._wire.is_closing():
                self._wire.pause_reading()

    def _run(
        self, awaiting: Awaitable[Any] | None = None, message: str | bytes = "", position: int = 0
    ) -> None:
        """Start the task that handles what waits; it goes on from the listener at *position*."""
        self._busy = True
        if self._queue is None:
            self._queue = []
        self._engine.spawn(self._drain(awaiting, message, position))

    async def _drain(
        self, awaiting: Awaitable[Any] | None, message: str | bytes, position: int
    ) -> None:
        try:
            if awaiting is not None:
                await awaiting
                await self._handle(message, position)
            while self._queue and not self._by_us and self._on_message:
                message = self._queue.pop(0)
                self._read_on()
                await self._handle(message, 0)
        except Exception:  # noqa: BLE001  # the boundary of one socket's handler
            self._broke()
        finally:
            self._busy = False
            self._queue = self._queue if self._queue and not self._on_message else None
        if self._state is _CLOSED:
            self._on_message = None
            self._tell_close()

    async def _handle(self, message: str | bytes, position: int) -> None:
        """Call the message listeners from *position* on, one after the other."""
        for listener in (self._on_message or ())[position:]:
            if self._by_us:
                return
            result = listener(message)
            if result is not None and hasattr(result, "__await__"):
                await result

    def _read_on(self) -> None:
        """Let the peer send again when half of the line is handled."""
        half = self._engine.limits.max_queued_messages // 2
        if self._paused and len(self._queue or ()) <= half:
            self._paused = False
            self._heard = True  # it could not be heard: its time begins now
            if self._wire is not None and not self._wire.is_closing():
                self._wire.resume_reading()

    def _broke(self) -> None:
        self._engine.logger.exception("a message listener of socket %s raised", self.id)
        self.close(frames.OUR_FAULT, "internal error")

    # --- closing

    def _begin_close(self, code: int, reason: str, timeout: float) -> None:
        """Send a close frame, and abort when no answer comes within *timeout* seconds."""
        self._state = _CLOSING
        self._by_us = True
        self.close_code = code
        self.close_reason = reason
        if self._transport is None or self._wire is None:
            return
        self._transport.send_close(code, frames.close_reason(reason))  # type: ignore[arg-type]
        if self._paused and not self._wire.is_closing():
            self._paused = False
            self._wire.resume_reading()  # for the answer
        self._abort_after(timeout)

    def _answer_close(self, code: int, reason: str) -> None:
        """Answer the peer's close frame; the server ends the connection (section 7.1.1)."""
        self.flush()
        if self._state is not _OPEN or self._transport is None or self._wire is None:
            return
        self._state = _CLOSING
        self.close_code = code
        self.close_reason = reason
        if code == frames.NO_CODE:
            self._wire.write(frames.EMPTY_CLOSE)
        else:
            self._transport.send_close(code)  # type: ignore[arg-type]  # any number is taken
        self._wire.close()
        self._abort_after(self._engine.limits.close_timeout)

    def _abort_after(self, timeout: float) -> None:
        loop = self._engine.loop
        self._timer = loop.call_later(timeout, self.abort, context=EMPTY)

    def _tell_close(self) -> None:
        listeners, self._on_close = self._on_close, None
        for listener in listeners or ():
            what = f"a close listener of socket {self.id}"
            self._engine.call(listener, what, self.close_code, self.close_reason)
