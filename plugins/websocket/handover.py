"""
Hand Sanic's accepted connection over to picows.

Sanic reads the upgrade request, picows everything after it. This is the only module that
knows picows' `WSProtocol` and Sanic's `HttpProtocol` from the inside, neither of which is public:
versions are pinned, and a contract test says when a new one differs.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from picows import WSAutoPingStrategy, WSListener
from picows.common import WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in picows' stubs
from sanic import Request

READ_BUFFER = 2048
"""Bytes that picows' read buffer starts with, its minimum; it doubles as needed."""


class _Accept:
    """The 101 of every connection: picows adds the accept value and asks for bytes at once."""

    status = HTTPStatus.SWITCHING_PROTOCOLS

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def to_bytes(self) -> bytearray:
        return bytearray(
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % self.headers["Sec-WebSocket-Accept"].encode()
        )


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
_NOBODY = asyncio.Protocol()


def hand_over(request: Request, key: str, listener: WSListener, max_frame_size: int) -> bool:
    """
    Let *listener* have the connection of *request*, and Sanic forget it.

    picows answers the 101 and calls `on_ws_connected` before this returns. Reading stays paused;
    frames that came in one packet with the request are delivered at once.

    Args:
        request: an upgrade request that was checked.
        key: its `Sec-WebSocket-Key`.
        listener: gets the frames.
        max_frame_size: bytes of a frame's payload; picows closes with 1009 beyond.

    Returns:
        False when the client is gone already.
    """
    transport: Any = request.transport
    sanic: Any = request.protocol
    if transport is None or transport.is_closing():
        return False
    received = bytes(sanic.recv_buffer)
    transport.pause_reading()
    picows = WSProtocol(
        None,  # host and port: a client's
        None,  # path: a client's
        False,  # is_client_side
        lambda _: WSUpgradeResponseWithListener(_ACCEPT, listener),
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
    picows.connection_made(transport)
    # uvloop keeps the old protocol's data_received when the new one is a buffered protocol, and
    # with it the HttpProtocol: hence first one that is shared and does nothing.
    transport.set_protocol(_NOBODY)
    transport.set_protocol(picows)
    _release(request, sanic)
    _feed(picows, _head(key) + received)
    upgraded = picows.transport.request
    if upgraded is None:
        return False
    upgraded.headers = upgraded.path = None  # nobody asks again
    return True


def _head(key: str) -> bytes:
    """
    Give the request that picows gets to read.

    Its own check refuses `Connection: keep-alive, Upgrade`; ours has passed, so it sees only this.
    """
    return (
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % key.encode("ascii")
    )


def _feed(protocol: Any, data: bytes) -> None:
    """Give *data* to picows, whose buffer may be smaller than what Sanic had read."""
    rest = memoryview(data)
    while rest:
        buffer = protocol.get_buffer(-1)
        size = min(len(buffer), len(rest))
        buffer[:size] = rest[:size]
        protocol.buffer_updated(size)
        rest = rest[size:]


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
    sanic.connections.discard(sanic)
    sanic.conn_info.lost = True
    sanic.transport = None
