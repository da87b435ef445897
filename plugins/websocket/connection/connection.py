"""One connection: the protocol and the heartbeat on a transport, with one write a turn."""

from __future__ import annotations

import asyncio

from picows import WSFrame, WSTransport

from yolk import Label

from ..engine import EMPTY, Engine
from ..rfc6455 import frames
from ..rfc6455.frames import ProtocolError
from ..rfc6455.protocol import CLOSED, OPEN, CloseReceived, Ping, WebSocketProtocol
from .handover import discard
from .heartbeat import Heartbeat
from .inbox import Inbox, Listener

READS_TOO_SLOWLY = 4008
SENDS_TOO_MUCH = 4013

# The frames collected within a turn are written after so many, or after a frame of so many bytes:
# a handler that never awaits is bounded, and large frames gain nothing from being joined.
_MAX_COLLECTED_FRAMES = 256
LARGE_FRAME_BYTES = 8192


class Connection(Inbox):
    """
    A connection that bounds what a peer can cost.

    A peer that breaks the protocol is sent a close code; what it sent before is still handled.

    Args:
        engine: of this worker.
        transport: of the connection, which is open.
    """

    __slots__ = (
        "_answered",
        "_close_timer",
        "_collected",
        "_heartbeat",
        "_is_write_paused",
        "_on_arrived",
        "_on_close",
        "_transport",
        "_unfinished",
        "_unfinished_frame",
        "_unfinished_user",
        "_waiters",
        "protocol",
        "received",
        "sent",
    )

    def __init__(self, engine: Engine, transport: asyncio.Transport) -> None:
        super().__init__(engine)
        self.protocol = WebSocketProtocol(engine.settings.max_message_size)
        self.received = 0
        """How many frames were received."""
        self.sent = 0
        """How many frames were sent, control frames included."""
        self._heartbeat = Heartbeat()
        self._transport = transport
        self._unfinished = 0
        """Bytes of the message whose end has not come yet, as the engine counts them."""
        self._unfinished_frame = 0
        """Those of its unfinished frame."""
        self._unfinished_user: int | None = None
        """The user for whom they are counted."""
        self._is_write_paused = False
        self._answered = 0
        """Bytes of large answers since the peer had last taken everything."""
        self._collected: bytes | list[bytes] | None = None
        """What this turn of the loop sends."""
        self._on_close: tuple[Listener, ...] = ()
        self._on_arrived: tuple[Listener, ...] = ()
        self._waiters: tuple[asyncio.Future[None], ...] = ()
        self._close_timer: asyncio.TimerHandle | None = None
        """Aborts the connection if the closing handshake takes too long."""

    # --- implemented by the socket

    def _user(self) -> int | None:
        """Return the user whose socket this is, if it is known."""
        raise NotImplementedError

    def _disconnected(self) -> None:
        """Unregister: the connection is gone, though queued messages may still be handled."""
        raise NotImplementedError

    def _peer_failed(self, code: int, reason: str) -> None:
        """Notify that the peer broke the protocol."""
        raise NotImplementedError

    # --- for the server

    @property
    def open(self) -> bool:
        """Whether messages can be sent: neither side has begun to close."""
        return self.protocol.state is OPEN

    @property
    def has_backlog(self) -> bool:
        """Whether the peer has not taken everything yet that was written to it."""
        return self.protocol.state is not CLOSED and self._transport.get_write_buffer_size() > 0

    def closed(self) -> asyncio.Future[None]:
        """Return a future that is done when the connection is gone."""
        future: asyncio.Future[None] = self._engine.loop.create_future()
        if self.protocol.state is CLOSED:
            future.set_result(None)
        else:
            self._waiters = (*self._waiters, future)
        return future

    def start_reading(self) -> None:
        """Begin to read, after the hand-over."""
        if not self._paused:
            self._resume_reading()

    def write(self, frame: bytes) -> bool:
        """
        Send a frame, in one write with the others of this turn of the loop.

        Args:
            frame: from `frames`; the same bytes may be sent to many sockets.

        Returns:
            False when the connection is closing or closed.
        """
        if self.protocol.state is not OPEN:
            return False
        self.sent += 1
        collected = self._collected
        if collected is None:
            self._collected = frame
            self._engine.flush_soon(self)
        elif isinstance(collected, list):
            collected.append(frame)
            if len(collected) > _MAX_COLLECTED_FRAMES:
                self.flush()
        else:
            self._collected = [collected, frame]
        if len(frame) > LARGE_FRAME_BYTES:
            self.flush()
        return True

    def flush(self) -> None:
        """Write what was collected; a peer that leaves too much unread is closed instead."""
        collected = self._collected
        if collected is None:
            return
        self._collected = None
        if self.protocol.state is not OPEN:
            return
        if self._is_write_paused and self._is_too_slow():
            self._engine.counters.slow += 1
            self._begin_close(READS_TOO_SLOWLY, "reads too slowly")
        elif isinstance(collected, list):
            self._transport.write(b"".join(collected))
        else:
            self._transport.write(collected)

    def note_answer(self, size: int) -> None:
        """Count a large frame that a handler of this socket sends: the peer has asked for it."""
        is_taken = self._collected is None and self._transport.get_write_buffer_size() == 0
        self._answered = size if is_taken else self._answered + size

    def _is_too_slow(self) -> bool:
        # Of what the peer asked for itself a quarter more may wait, so that no push ends it.
        limit = self._engine.settings.write_buffer_limit
        return self._transport.get_write_buffer_size() > limit + min(self._answered, limit // 4)

    def add_label(self, label: Label) -> None:
        """Add the label of the frame that was written last, if there is a listener to "arrived"."""
        if self._on_arrived:
            self._heartbeat.add_label(self.sent, label)

    def check_heartbeat(self) -> None:
        """
        Ping a peer that was silent since the last check, abort one that did not answer.

        While reading is paused nothing is checked: the pong would not be read.
        """
        if self._paused or self.protocol.state is not OPEN:
            self._heartbeat.skip()
            return
        try:
            ping = self._heartbeat.check(self.received, self.sent)
        except TimeoutError:
            self._engine.counters.silent += 1
            self.abort()
        else:
            if ping is not None:
                self.write(ping)

    def abort(self) -> None:
        """Drop the connection without a closing handshake."""
        if self.protocol.state is not CLOSED:
            self._transport.abort()

    # --- called by picows and the transport

    def on_ws_frame(self, _: WSTransport, frame: WSFrame) -> None:
        """Handle a frame. picows has checked its opcode, mask, lengths and form."""
        self.received += 1
        try:
            event = self.protocol.receive(frame)
        except ProtocolError as error:
            self._fail(error.code, error.reason)
            return
        if isinstance(event, str) or isinstance(event, bytes):  # noqa: SIM101 - faster than a tuple
            if self._unfinished:
                self._count_unfinished()
            self._receive(event)
        elif isinstance(event, Ping):
            self.write(frames.pong(event.payload))
        elif isinstance(event, CloseReceived):
            self._answer_close(event)
        elif event is not None:
            self._notify_arrived(self._heartbeat.pong(event.payload))
        else:
            self._count_unfinished()

    def note_unfinished_frame(self, size: int) -> None:
        """Note how many bytes there are of a frame whose end has not come yet."""
        self._unfinished_frame = size
        self._count_unfinished()

    def _count_unfinished(self) -> None:
        """Count the bytes of an unfinished message; close if there are too many of them."""
        engine, settings = self._engine, self._engine.settings
        size = self.protocol.unfinished + self._unfinished_frame
        grown = size - self._unfinished
        if not grown:
            return
        users, user = engine.unfinished_of_users, self._unfinished_user
        if not self._unfinished:
            user = self._unfinished_user = self._user()
        self._unfinished = size
        engine.unfinished += grown
        users[user] += grown
        if not users[user]:
            del users[user]
        if grown > 0 and (
            engine.unfinished > settings.max_unfinished_bytes
            or users[user] > settings.max_user_unfinished_bytes
        ):
            # In the next turn: this may be called while the packet is being read.
            self._pause_reading()
            engine.loop.call_soon(self._fail_unfinished, context=EMPTY)

    def _fail_unfinished(self) -> None:
        if self.open:
            self._fail(SENDS_TOO_MUCH, "too many unfinished messages")

    def reject(self, code: int, reason: str) -> None:
        """
        Close with *code*, because picows cannot parse what the peer sent.

        picows looks one frame ahead: a good frame before the bad one is delivered after this, in
        the same turn of the loop. So closing begins in the next.
        """
        if self.protocol.state is not CLOSED:
            self._transport.pause_reading()
            self._engine.loop.call_soon(self._fail, code, reason, context=EMPTY)

    def on_ws_disconnected(self, _: WSTransport | None) -> None:
        """Release everything: the connection is gone."""
        self.protocol.connection_lost()
        self.note_unfinished_frame(0)
        self._end_backlog()
        self._collected = None
        self._on_arrived = ()
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        self._disconnected()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters = ()
        self._input_ended()

    def pause_writing(self) -> None:
        """Record that the peer does not read as fast as frames are written."""
        if not self._is_write_paused:
            self._is_write_paused = True
            self._engine.backlogged += 1

    def resume_writing(self) -> None:
        """Record that the peer has caught up."""
        self._end_backlog()
        self._answered = 0

    def _end_backlog(self) -> None:
        if self._is_write_paused:
            self._is_write_paused = False
            self._engine.backlogged -= 1

    # --- reading

    def _pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        self._heartbeat.restart()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # --- closing

    def _begin_close(self, code: int, reason: str) -> None:
        """Send a close frame, and abort when no answer comes in time."""
        self._discard_rest()
        self._write_close(self.protocol.close(code, reason))
        if self._paused:
            self._paused = False
            self._resume_reading()  # for the answer

    def _answer_close(self, received: CloseReceived) -> None:
        """Answer the peer's close frame; the server ends the connection (section 7.1.1)."""
        self.flush()
        if self.protocol.state is OPEN:
            self._write_close(self.protocol.answer_close(received))
        self._transport.close()

    def _fail(self, code: int, reason: str) -> None:
        """End the connection of a peer that broke the protocol (section 7.1.7)."""
        self.flush()
        state = self.protocol.state
        if state is OPEN:
            self._write_close(self.protocol.close(code, reason))
            self._peer_failed(code, reason)
            # To close now, with something unread, would reset the connection, and the peer might
            # never see why: it may still be sending what was too big.
            self._paused = False
            discard(self._transport, self)
        elif state is not CLOSED:
            self._transport.close()

    def _write_close(self, frame: bytes) -> None:
        self._transport.write(frame)
        settings = self._engine.settings
        # With 4008 the close frame waits behind what is not read.
        is_slow = self.protocol.close_code == READS_TOO_SLOWLY
        timeout = settings.slow_timeout if is_slow else settings.close_timeout
        self._close_timer = self._engine.loop.call_later(timeout, self.abort, context=EMPTY)

    # --- listeners

    def _add_close_listener(self, listener: Listener) -> None:
        self._on_close = (*self._on_close, listener)
        if self.protocol.state is CLOSED and not self._draining:
            self._start_draining()

    def _add_arrived_listener(self, listener: Listener) -> None:
        if self.protocol.state is not CLOSED:
            self._on_arrived = (*self._on_arrived, listener)

    def _notify_arrived(self, labels: list[Label]) -> None:
        if labels:
            for listener in self._on_arrived:
                self._engine.call(listener, f"an arrival listener of socket {self.id}", labels)

    def _finished(self) -> None:
        listeners, self._on_close = self._on_close, ()
        for listener in listeners:
            code, reason = self.protocol.close_code, self.protocol.close_reason
            self._engine.call(listener, f"a close listener of socket {self.id}", code, reason)
