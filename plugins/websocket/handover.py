"""
Hand Sanic's accepted connection over to picows.

Sanic reads the upgrade request, picows everything after it. This is the only module that
knows picows' `WSProtocol` and Sanic's `HttpProtocol` from the inside, neither of which is public:
versions are pinned, and a contract test says when a new one differs.
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

READ_BUFFER = 2048
"""Bytes that picows' read buffer starts with, its minimum; it doubles as needed."""

READ_AT_ONCE = 65536
"""Bytes of one read. picows doubles its buffer for good when a read fills it, whatever the need."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the answer to a key is made with (RFC 6455, section 4.2.2)."""

_CLOSE = 0x88


class Taker(Protocol):
    """Who takes over the connection; a `WSListener`, which gets the frames."""

    def connected(self, wire: asyncio.Transport) -> None:
        """Have the connection: the 101 is on its way."""

    def refuse(self, code: int, reason: str) -> None:
        """Know that picows cannot read what comes, and with which close code that is told."""

    def on_ws_disconnected(self, _: Any) -> None:
        """Know that the connection is gone."""


_get_buffer = WSProtocol.get_buffer


class _Reader(WSProtocol):  # type: ignore[misc]  # not in picows' stubs
    """picows' protocol, whose buffer grows with the frames, not with the client's haste."""

    __slots__ = ()

    def get_buffer(self, size_hint: int) -> Any:
        buffer = _get_buffer(self, size_hint)
        return buffer if len(buffer) <= READ_AT_ONCE else buffer[:READ_AT_ONCE]


class _NoSocket:
    """
    The socket that picows sees.

    It would set TCP_NODELAY, which the loop has done, and ask for what it does not log: eight
    calls of the kernel for each connection, each through a socket object made for it.
    """

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *_: Any) -> None:
        pass

    def getsockopt(self, *_: Any) -> int:
        return 0


class _OneWay:
    """
    The transport that picows sees: it reads, and we write.

    What picows would write is the close frame of an error that it found. It would do so at once,
    before the good frames that came before the bad one are handled, and then break off.
    """

    __slots__ = ("_taker",)

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    def get_extra_info(self, name: str) -> Any:
        return _NO_SOCKET if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return 1  # as long as something waits, picows does not write to the socket by itself

    def write(self, data: bytes) -> None:
        if data[:1] == bytes((_CLOSE,)):
            self._taker.refuse(int.from_bytes(data[2:4], "big"), data[4:].decode())

    def close(self) -> None:
        pass


class _Discard(asyncio.Protocol):
    """Reads on and throws away, so that a peer gets to the close frame that waits for it."""

    __slots__ = ("_taker",)

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    def connection_lost(self, _: Exception | None) -> None:
        self._taker.on_ws_disconnected(None)


class _Accept:
    """What picows takes for the 101 of every connection; the real one is ours."""

    status = HTTPStatus.SWITCHING_PROTOCOLS

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def to_bytes(self) -> bytearray:
        return bytearray()


class _Log:
    """
    The logger that picows sees.

    picows logs lines for every connection, and makes a child of a real logger each time. Only
    what it calls an exception is a fault of ours; a peer's faults reach us as close codes.
    """

    def isEnabledFor(self, _: int) -> bool:  # noqa: N802  # logging's spelling
        return False

    def _quiet(self, *_: Any, **__: Any) -> None:
        pass

    debug = info = warning = error = log = _quiet

    def exception(self, message: str, *args: Any) -> None:
        logging.getLogger("sanic.error").exception(message, *args)


_ACCEPT: Any = _Accept()
_LOG = _Log()
_NO_SOCKET = _NoSocket()
_NOBODY = asyncio.Protocol()

# Its own check refuses `Connection: keep-alive, Upgrade`. Ours has passed, so it sees only this.
_HEAD = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def hand_over(
    request: Request, key: str, subprotocol: str | None, taker: WSListener, max_frame_size: int
) -> bool:
    """
    Let *taker* have the connection of *request*, answer the 101, and have Sanic forget it.

    Reading stays paused; frames that came in one packet with the request are delivered at once.

    Args:
        request: an upgrade request that was checked.
        key: its `Sec-WebSocket-Key`.
        subprotocol: what was agreed on.
        taker: a `Taker`.
        max_frame_size: bytes of a frame's payload; beyond is refused with 1009, unread.

    Returns:
        False when the client is gone already.
    """
    wire: Any = request.transport
    sanic: Any = request.protocol
    owner = cast(Taker, taker)
    if wire is None or wire.is_closing():
        return False
    received = bytes(sanic.recv_buffer)
    wire.pause_reading()
    reader = make_reader(taker, max_frame_size)
    # uvloop keeps the old protocol's data_received when the new one is a buffered protocol, and
    # with it the HttpProtocol: hence first one that is shared and does nothing.
    wire.set_protocol(_NOBODY)
    wire.set_protocol(reader)
    _release(request, sanic)
    wire.write(_answer(key, subprotocol))
    owner.connected(wire)
    feed(reader, received)
    return True


def make_reader(taker: WSListener, max_frame_size: int) -> Any:
    """
    Give a protocol that reads frames for *taker*, behind its handshake already.

    Args:
        taker: a `Taker`.
        max_frame_size: bytes of a frame's payload; beyond is refused with 1009, unread.
    """
    reader = _Reader(
        None,  # host and port: a client's
        None,  # path: a client's
        False,  # is_client_side
        lambda _: WSUpgradeResponseWithListener(_ACCEPT, taker),
        _LOG,
        True,  # disconnect_on_exception
        None,  # handshake timeout: the request is here already
        False,  # pings: one timer for all sockets does it
        20,  # ping after, seconds: unused
        10,  # pong within, seconds: unused
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # pongs: ours, so that they count against the write buffer
        max_frame_size,
        None,  # extra headers
        READ_BUFFER,
    )
    reader.connection_made(_OneWay(cast(Taker, taker)))
    feed(reader, _HEAD)
    upgraded = reader.transport.request
    upgraded.headers = upgraded.path = None  # nobody asks again
    return reader


def feed(reader: Any, data: bytes) -> None:
    """Give *data* to *reader*, whose buffer may be smaller."""
    rest = memoryview(data)
    while rest:
        buffer = reader.get_buffer(-1)
        size = min(len(buffer), len(rest))
        buffer[:size] = rest[:size]
        reader.buffer_updated(size)
        rest = rest[size:]


def discard(wire: asyncio.Transport, taker: Taker) -> None:
    """Say no more, and throw away what still comes, until the peer closes."""
    wire.pause_reading()
    wire.set_protocol(_Discard(taker))
    wire.resume_reading()
    if wire.can_write_eof():
        wire.write_eof()
    else:
        wire.close()  # TLS reads to its end by itself


def _answer(key: str, subprotocol: str | None) -> bytes:
    """Give the 101 (RFC 6455, section 4.2.2)."""
    digest = hashlib.sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n{chosen}\r\n"
    ).encode("ascii")


def _release(request: Request, sanic: Any) -> None:
    """Cut every tie by which the request and Sanic's protocol would live as long as the socket."""
    stream: Any = request.stream
    # Sanic looks only for `Upgrade: websocket` as the whole header; ours may be in a list.
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
    sanic.forget_head()
    sanic.connections.discard(sanic)
    sanic.conn_info.lost = True
    sanic.transport = None
