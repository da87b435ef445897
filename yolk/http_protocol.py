"""
Sanic's HTTP protocol with a deadline for each phase of a connection.

Sanic's own timeouts restart with every byte, and cancel a request only once. This is the only
module that depends on the internals of its `HttpProtocol` and `Http`.
"""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING, Any, cast

import msgspec
from sanic.exceptions import BadRequest, ExpectationFailed, RequestTimeout
from sanic.http import Http
from sanic.http.constants import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from yolk.http_head import DECIMAL, HEXADECIMAL, is_well_formed
from yolk.throttled_log import EMPTY, ThrottledLog

if TYPE_CHECKING:
    from yolk.application import Application

MIN_BODY_RATE = 4096
"""Bytes of a body for which a client gets one more second."""
MIN_READ_RATE = 1024
"""Bytes a second that a client has to read of an answer."""
CHECK_SECONDS = 5.0
"""How often a connection is checked, at most."""
ABORT_SECONDS = 5.0
"""Seconds after its deadline in which a connection may still be answered and closed in order."""
SPARE_DESCRIPTORS = 48
"""Descriptors that connections leave to the database, to files and so on; of few, a tenth."""


class Timeouts(msgspec.Struct):
    """The deadlines of connections, in seconds."""

    head: float = 10.0
    """For the head of a request."""
    body: float = 20.0
    """For the body of a request, beside what its length needs at `MIN_BODY_RATE`."""
    write: float = 30.0
    """Without progress of an answer."""


class Connections:
    """What the HTTP connections of a worker share."""

    def __init__(self) -> None:
        self.timeouts = Timeouts()
        self.broken = ThrottledLog("broken requests were refused")
        self.late = ThrottledLog("requests did not arrive in time")
        self.unread = ThrottledLog("connections were closed because their answers were not read")
        self.refused = ThrottledLog(
            "connections were refused, because the open files of this process reach their limit "
            "(`ulimit -n`)"
        )
        self._max_descriptor: int | None = None

    @property
    def max_descriptor(self) -> int:
        """The largest descriptor of a connection."""
        if self._max_descriptor is None:
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            if limit == resource.RLIM_INFINITY:
                limit = 2**31
            self._max_descriptor = limit - min(SPARE_DESCRIPTORS, limit // 10)
        return self._max_descriptor


class BrokenRequest(BadRequest):
    """The head of a request is not well-formed."""

    def __init__(self, status: str = "400 Bad Request") -> None:
        super().__init__(status)
        self.status = status


class RequestParser(Http):
    """Sanic's parser of requests, which is strict and counts the time that it waits."""

    __slots__ = ("body_received", "body_waited", "deadline", "is_broken")

    def __init__(self, protocol: HttpConnection) -> None:
        super().__init__(protocol)  # type: ignore[no-untyped-call]  # Sanic's
        self.deadline: float | None = None
        """When what is awaited must have come; None while nothing is awaited."""
        self.is_broken = False

    def init_for_request(self) -> None:
        """Begin a request."""
        super().init_for_request()  # type: ignore[no-untyped-call]  # Sanic's
        self.deadline = None
        self.body_received = 0
        self.body_waited = 0.0

    async def http1_request_header(self) -> None:
        """
        Parse the head of a request.

        Raises:
            BrokenRequest: it is not well-formed.
        """
        protocol = cast(HttpConnection, self.protocol)
        self.deadline = protocol.head_deadline()
        buffer, searched = self.recv_buffer, 0
        while (end := buffer.find(b"\r\n\r\n", searched)) < 0:
            searched = max(0, len(buffer) - 3)
            if searched >= self.HEADER_MAX_SIZE:
                raise BrokenRequest("431 Request Header Fields Too Large")
            await self._receive_more()
        self.deadline = None
        if end >= self.HEADER_MAX_SIZE:
            raise BrokenRequest("431 Request Header Fields Too Large")
        if not is_well_formed(bytes(buffer[:end])):
            raise BrokenRequest
        try:
            await super().http1_request_header()  # type: ignore[no-untyped-call]  # Sanic's
        except ExpectationFailed:
            raise
        except Exception as error:
            raise BrokenRequest from error

    async def error_response(self, exception: Exception) -> None:
        """Answer an error; that of a broken request without anything of the request."""
        if isinstance(exception, asyncio.CancelledError) and self._is_gone():
            # Sanic would make an answer that nobody gets, and log it as a fault of the server.
            self.keep_alive = False
            self.request_body = None
            return
        if not isinstance(exception, BrokenRequest):
            await super().error_response(exception)
            return
        self.is_broken = True
        self.keep_alive = False
        self.request_body = None
        connections = cast(HttpConnection, self.protocol).shared
        connections.broken.note(f"{len(self.recv_buffer)} bytes from {self._peer()}")
        body = b'{"msg":"fail","data":"Bad Request"}'
        await self._send(
            f"HTTP/1.1 {exception.status}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        self.stage = Stage.IDLE

    async def read(self) -> bytes | None:
        """Read some bytes of the body, within its deadline."""
        loop = self.protocol.loop
        began = loop.time()
        protocol = cast(HttpConnection, self.protocol)
        allowed = protocol.shared.timeouts.body + self.body_received / MIN_BODY_RATE
        self.deadline = began + allowed - self.body_waited
        try:
            if cast(object, self.request_body) == "chunked" and self.request_bytes_left == 0:
                await self._end_chunk()
            data: bytes | None = await super().read()
        finally:
            self.deadline = None
            self.body_waited += loop.time() - began
        if data:
            self.body_received += len(data)
        return data

    async def _end_chunk(self) -> None:
        """Check that a chunk ends where its size says; Sanic skips two bytes, whatever they are."""
        while len(self.recv_buffer) < 2:
            await self._receive_more()
        if self.recv_buffer[:2] != b"\r\n":
            self.keep_alive = False
            raise BadRequest("Bad chunked encoding")

    def _is_gone(self) -> bool:
        """Return whether the client has disconnected."""
        info, transport = self.protocol.conn_info, self.protocol.transport
        return transport is None or transport.is_closing() or bool(info and info.lost)

    def _peer(self) -> str:
        info = self.protocol.conn_info
        return str(info.client_ip or "a unix socket") if info else "nowhere"

    @staticmethod
    def _safe_int(value: str, base: int = 10) -> int:
        if (DECIMAL if base == 10 else HEXADECIMAL).fullmatch(value) is None:
            raise ValueError
        return int(value, base)


class HttpConnection(HttpProtocol):
    """
    A connection whose every phase has a deadline: head, body, and the reading of answers.

    One timer checks all of them. After a deadline the client is answered with 408 where nothing
    was answered yet, and the connection is closed in any case.
    """

    HTTP_CLASS = RequestParser

    __slots__ = ("_first_deadline", "_timer", "_unread", "_unread_since", "shared")

    def connection_made(self, transport: Any) -> None:
        """Start the timer, or refuse the connection where descriptors run out."""
        self.shared: Connections = cast("Application", self.app).http.connections
        self._unread: int | None = None
        self._unread_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        handle = transport.get_extra_info("socket")
        if handle is not None and handle.fileno() >= self.shared.max_descriptor:
            self.shared.refused.note(f"descriptor {handle.fileno()}")
            transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\n"
                b"connection: close\r\n\r\n"
            )
            transport.close()
            return
        super().connection_made(transport)  # type: ignore[no-untyped-call]  # Sanic's
        head = self.shared.timeouts.head
        self._first_deadline = self.loop.time() + head
        self._start_timer(min(head, CHECK_SECONDS))

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the timer."""
        if self.conn_info is None:
            return  # it was refused
        self.cancel_timer()
        super().connection_lost(error)  # type: ignore[no-untyped-call]  # Sanic's

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self.conn_info is not None:
            super().data_received(data)

    def pause_writing(self) -> None:
        """Begin to watch whether the client reads."""
        super().pause_writing()  # type: ignore[no-untyped-call]  # Sanic's
        self._unread = None

    def head_deadline(self) -> float:
        """Return when the head that begins now must have come."""
        if self.state["requests_count"] == 0:
            return float(self._first_deadline)
        return float(self.loop.time()) + self.shared.timeouts.head

    def cancel_timer(self) -> None:
        """Stop the timer: the connection is gone, or becomes a WebSocket."""
        if self._timer is not None:
            self._timer.cancel()

    def log_disconnect(self) -> None:
        """Log the end of a request that was cut; a broken one is counted only."""
        if self._http.request is not None and not self._http.is_broken:
            super().log_disconnect()  # type: ignore[no-untyped-call]  # Sanic's

    def _start_timer(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._check, context=EMPTY)

    def _check(self) -> None:
        http, task, transport = self.http, self._task, self.transport
        if http is None or task is None or transport is None or transport.is_closing():
            return
        now = self.loop.time()
        if not self._can_write.is_set() and self._is_unread(now):
            self.shared.unread.note(f"{self._unread} bytes")
            transport.abort()
            return
        deadline = http.deadline
        if deadline is None and http.stage is Stage.IDLE and self.state["requests_count"] == 0:
            deadline = self._first_deadline
        if deadline is not None and now >= deadline:
            self._expire()
            return
        left = CHECK_SECONDS if deadline is None else deadline - now
        timeouts = self.shared.timeouts
        least = min(CHECK_SECONDS, timeouts.head, timeouts.body, timeouts.write)
        self._start_timer(min(max(left, 0.01), least))

    def _is_unread(self, now: float) -> bool:
        """Return whether the client has not read of the answer for too long."""
        size = self.transport.get_write_buffer_size() if self.transport else 0
        elapsed = now - self._unread_since
        if self._unread is None or size <= self._unread - MIN_READ_RATE * elapsed:
            self._unread, self._unread_since = size, now
            return False
        return elapsed >= self.shared.timeouts.write

    def _expire(self) -> None:
        """Answer 408 if nothing was answered yet, and close."""
        self.shared.late.note(str(self.conn_info.client_ip) if self.conn_info else "")
        self._http.exception = RequestTimeout("Request Timeout")
        self._http.keep_alive = False
        if self._task is not None:
            self._task.cancel()
        self._timer = self.loop.call_later(ABORT_SECONDS, self._abort, context=EMPTY)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
