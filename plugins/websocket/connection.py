"""One connection of a WebSocket: frames in, frames out with one write a turn, its closing."""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop
from enum import IntEnum

from picows import WSFrame, WSMsgType, WSTransport

from yolk import Label

from . import frames
from .engine import EMPTY, Engine
from .fragments import Fragments
from .frames import ProtocolError
from .handover import discard
from .inbox import Inbox, Listener

READS_TOO_SLOWLY = 4008

# What is gathered within a turn is looked at after so many frames, or at a frame of so many bytes:
# a loop that never awaits is bounded, and what is big gains nothing from being joined.
_LONGEST_GATHERING = 256
_BIG = 8192

_MOST_LABELS = 1000
"""That are on their way to one socket; of more, the oldest are forgotten."""

_NEVER = -1
_UNMEASURED = -1

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_CONTINUATION = WSMsgType.CONTINUATION
_CLOSE = WSMsgType.CLOSE
_PING = WSMsgType.PING
_PONG = WSMsgType.PONG


class State(IntEnum):
    """How far the closing of a connection is (RFC 6455, section 7.1)."""

    OPEN = 0
    CLOSING = 1
    CLOSED = 2


_OPEN, _CLOSING, _CLOSED = State


class Connection(Inbox):
    """
    What RFC 6455 says of one connection, and what keeps it bounded.

    A peer that breaks the protocol is told by a close code; what it sent before is still handled.
    """

    __slots__ = (
        "_fragments",
        "_known",
        "_labels",
        "_on_arrived",
        "_on_close",
        "_out",
        "_ping",
        "_stalled",
        "_state",
        "_timer",
        "_waiters",
        "_wire",
        "close_code",
        "close_reason",
        "received",
        "written",
    )

    def __init__(self, engine: Engine, transport: asyncio.Transport) -> None:
        super().__init__(engine)
        self.close_code = frames.ABNORMAL
        self.close_reason = ""
        self.received = 0
        """How many frames came."""
        self.written = 0
        """How many frames were sent, control frames included."""
        self._state = _OPEN
        self._wire: asyncio.Transport | None = transport
        self._on_close: tuple[Listener, ...] | None = None
        self._on_arrived: tuple[Listener, ...] | None = None
        self._fragments: Fragments | None = None
        self._out: bytes | list[bytes] | None = None
        self._stalled = False
        self._known = _NEVER
        """`received` at the last heartbeat."""
        self._labels: list[tuple[int, Label]] | None = None
        """`written` and the label of each frame that may not have arrived yet."""
        self._ping: int | None = None
        """`written` before the ping that was not answered yet; `_UNMEASURED` without labels."""
        self._waiters: tuple[asyncio.Future[None], ...] = ()
        self._timer: asyncio.TimerHandle | None = None

    # --- what the socket does

    def _disconnected(self) -> None:
        """Know that the connection is gone; what waits in line may still be handled."""
        raise NotImplementedError

    # --- for the server

    @property
    def open(self) -> bool:
        """Whether messages can be sent: neither side has begun to close."""
        return self._state is _OPEN

    @property
    def has_backlog(self) -> bool:
        """Whether the peer has yet to take something that was written to it."""
        return self._wire is not None and self._wire.get_write_buffer_size() > 0

    def closed(self) -> asyncio.Future[None]:
        """Give a future that is done when the connection is gone."""
        future: asyncio.Future[None] = get_running_loop().create_future()
        if self._state is _CLOSED:
            future.set_result(None)
        else:
            self._waiters = (*self._waiters, future)
        return future

    def start_reading(self) -> None:
        """Read on, when the hand-over is through."""
        if not self._paused:
            self._resume_reading()

    def write(self, frame: bytes) -> bool:
        """
        Send a frame, joined with what else this turn of the loop sends here.

        Args:
            frame: from `frames.encode`; the same bytes may go to many sockets.
        """
        if self._state is not _OPEN:
            return False
        self.written += 1
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
        if len(frame) > _BIG:
            self.flush()
        return True

    def flush(self) -> None:
        """Write what was gathered; a peer that leaves too much unread is closed instead."""
        out, wire = self._out, self._wire
        if out is None:
            return
        self._out = None
        if self._state is not _OPEN or wire is None:
            return
        if (
            self._stalled
            and wire.get_write_buffer_size() > self._engine.settings.write_buffer_limit
        ):
            self._engine.counters.slow += 1
            self._begin_close(READS_TOO_SLOWLY, "reads too slowly")
        else:
            wire.write(b"".join(out) if isinstance(out, list) else out)

    def check_heartbeat(self) -> None:
        """
        Ping a peer that was silent since the last heartbeat, abort one that did not answer.

        A peer that waits for us (reading is paused) is left alone: its pong would not be read.
        """
        silent, self._known = self.received == self._known, self.received
        if self._paused or self._state is not _OPEN:
            self._known, self._ping = _NEVER, None
        elif silent and self._ping is not None:
            self._engine.counters.silent += 1
            self.abort()
        elif silent or self._labels:
            self._send_ping()
        elif self._ping == _UNMEASURED:
            self._ping = None

    def abort(self) -> None:
        """Drop the connection without a closing handshake."""
        if self._wire is not None:
            self._wire.abort()

    # --- from the connection

    def on_ws_frame(self, _: WSTransport, frame: WSFrame) -> None:
        """Take a frame. Opcode, mask, lengths and control frames' form were checked by picows."""
        self.received += 1
        kind = frame.msg_type
        if self._state is not _OPEN:
            if kind is _CLOSE and self._wire is not None:
                self._wire.close()
            return
        try:
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                raise ProtocolError(frames.PROTOCOL_ERROR, "reserved bits are set")
            if kind is _TEXT and frame.fin and self._fragments is None:
                self._receive(frame.get_payload_as_utf8_text())
            elif kind is _TEXT or kind is _BINARY or kind is _CONTINUATION:
                self._assemble(kind, frame)
            elif kind is _PING:
                self.write(frames.pong(frame.get_payload_as_bytes()))
            elif kind is _CLOSE:
                self._answer_close(*frames.read_close(frame.get_payload_as_bytes()))
            elif self._ping is not None:
                self._take_pong(frame.get_payload_as_bytes())
        except UnicodeDecodeError:
            self._fail(frames.INVALID_DATA, "not UTF-8")
        except ProtocolError as error:
            self._fail(error.code, error.reason)

    def reject(self, code: int, reason: str) -> None:
        """
        Take picows' word that it cannot read on.

        It looks one frame ahead: a good frame before the bad one is delivered after this, in the
        same turn of the loop. So the end begins in the next.
        """
        if self._wire is not None:
            self._wire.pause_reading()
            get_running_loop().call_soon(self._fail, code, reason, context=EMPTY)

    def on_ws_disconnected(self, _: WSTransport | None) -> None:
        """Take leave: the connection is gone."""
        self._state = _CLOSED
        self._wire = self._out = self._fragments = None
        self._on_arrived = self._labels = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._disconnected()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters = ()
        self._end_of_line()

    def pause_writing(self) -> None:
        """Note that the peer does not read as fast as we write."""
        self._stalled = True

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        self._stalled = False

    def _assemble(self, kind: WSMsgType, frame: WSFrame) -> None:
        """Put fragments together (section 5.4); control frames may have come in between."""
        fragments = self._fragments
        if kind is _CONTINUATION:
            if fragments is None:
                raise ProtocolError(frames.PROTOCOL_ERROR, "there is nothing to continue")
        elif fragments is not None:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a message begins within another")
        elif frame.fin:
            self._receive(frame.get_payload_as_bytes())
            return
        else:
            limit = self._engine.settings.max_message_size
            fragments = self._fragments = Fragments(kind is _TEXT, limit)
        fragments.add(frame.get_payload_as_memoryview(), bool(frame.fin))
        if frame.fin:
            self._fragments = None
            self._receive(fragments.whole())

    def _add_arrival_listener(self, listener: Listener) -> None:
        """Note labels from now on, and tell of those that have arrived."""
        if self._state is _CLOSED:
            return
        self._on_arrived = (*(self._on_arrived or ()), listener)

    def add_label(self, label: Label) -> None:
        """Note what the frame holds that was just written, for whoever listens to "arrived"."""
        if self._on_arrived is None:
            return
        if self._labels is None:
            self._labels = []
        elif len(self._labels) == _MOST_LABELS:
            del self._labels[0]
        self._labels.append((self.written, label))

    def _tell_arrived(self, written: int) -> None:
        labels, self._labels = self._labels or [], None
        arrived = [label for number, label in labels if number <= written]
        if len(arrived) < len(labels):
            self._labels = labels[len(arrived) :]
        for listener in (self._on_arrived or ()) if arrived else ():
            self._engine.call(listener, f"an arrival listener of socket {self.id}", arrived)

    def _send_ping(self) -> None:
        if self._labels:
            self._ping = self.written
            self.write(frames.ping(self.written.to_bytes(8, "big")))
        else:
            self._ping = _UNMEASURED
            self.write(frames.PING)

    def _take_pong(self, payload: bytes) -> None:
        """Report the labels that were sent before the ping that this answers."""
        ping = self._ping
        if ping is not None and ping != _UNMEASURED and payload == ping.to_bytes(8, "big"):
            self._ping = None
            self._tell_arrived(ping)

    def _pause_reading(self) -> None:
        if self._wire is not None and not self._wire.is_closing():
            self._wire.pause_reading()

    def _resume_reading(self) -> None:
        self._known = _NEVER  # it could not be heard: its time begins now
        if self._wire is not None and not self._wire.is_closing():
            self._wire.resume_reading()

    # --- closing

    def _begin_close(self, code: int, reason: str) -> None:
        """Send a close frame, and abort when no answer comes in time."""
        self._ignore_rest()
        self._send_close(code, reason)
        if self._paused:
            self._paused = False
            self._resume_reading()  # for the answer

    def _answer_close(self, code: int, reason: str) -> None:
        """Answer the peer's close frame; the server ends the connection (section 7.1.1)."""
        self.flush()
        if self._state is _OPEN and self._wire is not None:
            self._send_close(code, "")
            self.close_reason = reason
            self._wire.close()

    def _fail(self, code: int, reason: str) -> None:
        """End the connection of a peer that broke the protocol (section 7.1.7)."""
        self.flush()
        wire = self._wire
        if wire is None:
            return
        if self._state is _OPEN:
            self._send_close(code, reason)
            # To close now, with something unread, would reset the connection, and the peer might
            # never see why: it may still be sending what was too big.
            self._paused = False
            discard(wire, self)
        else:
            wire.close()

    def _send_close(self, code: int, reason: str) -> None:
        self._state = _CLOSING
        self.close_code = code
        self.close_reason = reason
        self._fragments = None
        if self._wire is not None:
            self._wire.write(frames.close(code, reason))
            limits, loop = self._engine.settings, get_running_loop()
            slow = code == READS_TOO_SLOWLY  # then the close frame waits behind what is not read
            timeout = limits.slow_timeout if slow else limits.close_timeout
            self._timer = loop.call_later(timeout, self.abort, context=EMPTY)

    def _add_close_listener(self, listener: Listener) -> None:
        self._on_close = (*(self._on_close or ()), listener)
        if self._state is _CLOSED and not self._busy:
            self._run()

    def _finished(self) -> None:
        listeners, self._on_close = self._on_close, None
        for listener in listeners or ():
            what = f"a close listener of socket {self.id}"
            self._engine.call(listener, what, self.close_code, self.close_reason)
