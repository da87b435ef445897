"""
The hand-over of a connection from Sanic to picows.

Sanic reads the upgrade request, picows everything after it. This is the only module that uses the
internals of picows' `WSProtocol` and Sanic's `HttpProtocol`, neither of which is public: versions
are pinned, and a contract test fails when a new one differs.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from http import HTTPStatus
from typing import Any, Protocol, cast

from picows import WSAutoPingStrategy, WSListener
from picows.common import WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in picows' stubs
from sanic import Request

READ_BUFFER_BYTES = 2048
"""Initial bytes of picows' read buffer, its minimum; it doubles as needed."""

MAX_READ_BYTES = 65536
"""Bytes of one read. A read that fills picows' buffer doubles it for good, needed or not."""

NOTED_BYTES = 16 * 1024
"""Bytes of an unfinished frame from which on they are counted."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Suffix of the key in the computation of the answer (RFC 6455, section 4.2.2)."""

_CLOSE = 0x88


class Receiver(Protocol):
    """The part of a connection, a `WSListener`, that is used by this module."""

    received: int
    """How many frames were received."""

    def note_unfinished_frame(self, size: int) -> None:
        """Note how many bytes there are of a frame whose end has not come yet."""

    def reject(self, code: int, reason: str) -> None:
        """Close with *code*: picows cannot parse what the peer sent."""

    def on_ws_disconnected(self, _: Any) -> None:
        """Release everything: the connection is gone."""


_get_buffer = WSProtocol.get_buffer
_buffer_updated = WSProtocol.buffer_updated


class _Reader(WSProtocol):  # type: ignore[misc]  # not in picows' stubs
    """picows' protocol with a buffer that grows with the frames, not with the client's speed."""

    __slots__ = ("_pending", "_received", "receiver")

    receiver: Receiver
    """Notified of how many bytes of an unfinished frame there are, if they are many."""
    _received: int
    _pending: int
    """Bytes that were read since the last frame."""

    def begin(self, receiver: Receiver) -> None:
        """Begin to count; a constructor around picows' own would cost each socket more."""
        self.receiver = receiver
        self._received = self._pending = 0

    def get_buffer(self, size_hint: int) -> Any:
        buffer = _get_buffer(self, size_hint)
        return buffer if len(buffer) <= MAX_READ_BYTES else buffer[:MAX_READ_BYTES]

    def buffer_updated(self, size: int) -> None:
        _buffer_updated(self, size)
        receiver = self.receiver
        if receiver.received != self._received:
            self._received = receiver.received
            if self._pending > NOTED_BYTES:
                receiver.note_unfinished_frame(0)
            self._pending = 0
        else:
            self._pending += size
            if self._pending > NOTED_BYTES:
                receiver.note_unfinished_frame(self._pending)


class _NoSocket:
    """
    A stand-in for the socket that picows asks for.

    picows would set TCP_NODELAY, which the loop has done, and read options for its log: eight
    system calls for each connection, each through a socket object made for it.
    """

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *_: Any) -> None:
        pass

    def getsockopt(self, *_: Any) -> int:
        return 0


class _ReadOnlyTransport:
    """
    A stand-in for the transport: picows reads, the connection writes.

    picows would write the close frame of an error that it found, and would do so at once, before
    the good frames in front of the bad one are handled, and then disconnect.
    """

    __slots__ = ("_receiver",)

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def get_extra_info(self, name: str) -> Any:
        return _NO_SOCKET if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return 1  # while something waits, picows does not write to the socket by itself

    def write(self, data: bytes) -> None:
        if data[:1] == bytes((_CLOSE,)):
            self._receiver.reject(int.from_bytes(data[2:4], "big"), data[4:].decode())

    def close(self) -> None:
        pass


class _Discard(asyncio.Protocol):
    """A protocol that reads and discards, so that the peer can read the close frame."""

    __slots__ = ("_receiver",)

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def connection_lost(self, _: Exception | None) -> None:
        self._receiver.on_ws_disconnected(None)


class _Accept:
    """A stand-in for the 101 response, which `hand_over` writes itself."""

    status = HTTPStatus.SWITCHING_PROTOCOLS

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def to_bytes(self) -> bytearray:
        return bytearray()


class _Log:
    """
    A stand-in for the logger.

    picows logs lines for every connection, and makes a child of a real logger each time. Only
    what it logs as an exception is a bug; errors of a peer arrive as close codes.
    """

    def isEnabledFor(self, _: int) -> bool:  # noqa: N802 - the name in `logging`
        return False

    def _quiet(self, *_: Any, **__: Any) -> None:
        pass

    debug = info = warning = error = log = _quiet

    def exception(self, message: str, *args: Any) -> None:
        logging.getLogger("sanic.error").exception(message, *args)


_ACCEPT: Any = _Accept()
_LOG = _Log()
_NO_SOCKET = _NoSocket()
_IDLE_PROTOCOL = asyncio.Protocol()

# picows refuses `Connection: keep-alive, Upgrade`. The request was checked: picows gets this one.
_HEAD = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def hand_over(
    request: Request, key: str, subprotocol: str | None, receiver: WSListener, max_frame_size: int
) -> None:
    """
    Hand the open connection of *request* over to *receiver*, answer 101, detach it from Sanic.

    Reading stays paused; frames that came in one packet with the request are delivered at once.

    Args:
        request: an upgrade request that was checked; its transport is open.
        key: its `Sec-WebSocket-Key`.
        subprotocol: the negotiated one.
        receiver: a `Receiver`.
        max_frame_size: bytes of a frame's payload; more is refused with 1009, unread.
    """
    transport: Any = request.transport
    sanic: Any = request.protocol
    received = bytes(sanic.recv_buffer)
    transport.pause_reading()
    reader = make_reader(receiver, max_frame_size)
    # uvloop keeps the old protocol's data_received when the new one is a buffered protocol, and
    # with it the HttpProtocol: hence first one that is shared and does nothing.
    transport.set_protocol(_IDLE_PROTOCOL)
    transport.set_protocol(reader)
    _detach(request, sanic)
    transport.write(_answer(key, subprotocol))
    feed(reader, received)


def make_reader(receiver: WSListener, max_frame_size: int) -> Any:
    """
    Return a protocol that reads frames for *receiver*, with its handshake done.

    Args:
        receiver: a `Receiver`.
        max_frame_size: bytes of a frame's payload; more is refused with 1009, unread.
    """
    reader = _Reader(
        None,  # host and port: a client's
        None,  # path: a client's
        False,  # is_client_side
        lambda _: WSUpgradeResponseWithListener(_ACCEPT, receiver),
        _LOG,
        True,  # disconnect_on_exception
        None,  # handshake timeout: the request is here already
        False,  # pings: one timer for all sockets sends them
        20,  # ping after, seconds: unused
        10,  # pong within, seconds: unused
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # pongs: the connection sends them, so that they count against the write buffer
        max_frame_size,
        None,  # extra headers
        READ_BUFFER_BYTES,
    )
    reader.begin(cast(Receiver, receiver))
    reader.connection_made(_ReadOnlyTransport(cast(Receiver, receiver)))
    _get_buffer(reader, -1)[: len(_HEAD)] = _HEAD
    _buffer_updated(reader, len(_HEAD))
    upgraded = reader.transport.request
    upgraded.headers = upgraded.path = None  # not used again
    return reader


def feed(reader: Any, data: bytes) -> None:
    """Feed *data* to *reader*, whose buffer may be smaller."""
    rest = memoryview(data)
    while rest:
        buffer = reader.get_buffer(-1)
        size = min(len(buffer), len(rest))
        buffer[:size] = rest[:size]
        reader.buffer_updated(size)
        rest = rest[size:]


def discard(transport: asyncio.Transport, receiver: Receiver) -> None:
    """Send nothing more, and discard what still arrives, until the peer closes."""
    transport.pause_reading()
    transport.set_protocol(_Discard(receiver))
    transport.resume_reading()
    if transport.can_write_eof():
        transport.write_eof()
    else:
        transport.close()  # TLS reads to its end by itself


def _answer(key: str, subprotocol: str | None) -> bytes:
    """Return the 101 response (RFC 6455, section 4.2.2)."""
    digest = hashlib.sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n{chosen}\r\n"
    ).encode("ascii")


def _detach(request: Request, sanic: Any) -> None:
    """Drop what would keep the request and Sanic's protocol alive as long as the socket."""
    stream: Any = request.stream
    # Sanic recognizes `Upgrade: websocket` only as the whole header; it may be in a list.
    stream.upgrade_websocket = True
    stream.keep_alive = False
    stream.request_body = None
    stream.response_func = None
    request.transport = None  # type: ignore[assignment]  # Sanic's own type is not optional
    request._protocol = None
    timeouts = sanic._callback_check_timeouts
    if timeouts is not None:
        timeouts.cancel()
        sanic._callback_check_timeouts = None
    sanic.cancel_timer()
    sanic.connections.discard(sanic)
    sanic.conn_info.lost = True
    sanic.transport = None
