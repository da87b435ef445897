"""Sockets and HTTP connections of the load driver that chat: they read frame by frame."""

from __future__ import annotations

import asyncio
from typing import Self, cast

from bench.client import MASK, TEXT, TIMEOUT, Client, Tally
from bench.errors import WrongAnswer

PING, PONG, MASKED = 0x89, 0x8A, 0x80


class Talker(Client):
    """A socket that gets a greeting, and then frames of any length."""

    _rest = b""

    def took(self, payload: bytes) -> None:
        """Take a text; subclasses say what it means."""

    def data_received(self, data: bytes) -> None:
        """Split the bytes into frames, and answer pings."""
        if not self._greeted.done():
            super().data_received(data)
            return
        if self._rest:
            data = self._rest + data
        position, end = 0, len(data)
        while position + 2 <= end:
            size, start = data[position + 1], position + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                size = int.from_bytes(data[position + 2 : start], "big")
            if start + size > end:
                break
            if data[position] == TEXT:
                self.took(data[start : start + size])
            elif data[position] == PING:
                self.send(bytes((PONG, MASKED | size)) + MASK + _hide(data[start : start + size]))
            else:
                self.fail(f"something else than a text came: {data[position : position + 100]!r}")
            position = start + size
        self._rest = data[position:]

    def fail(self, reason: str) -> None:
        """Stop: the figures of this server would mean nothing."""
        self._tally.fail(reason)
        self.abort()


def masked_fast(payload: bytes) -> bytes:
    """Return the frame of a client's text of 126 bytes to 64 KiB."""
    return b"\x81\xfe" + len(payload).to_bytes(2, "big") + MASK + _hide(payload)


_LONG_MASK = int.from_bytes(MASK * 256, "little")


def _hide(payload: bytes) -> bytes:
    """Mask up to 1 KiB, all bytes at once: one by one would make the load driver the limit."""
    size = len(payload)
    mask = _LONG_MASK & ((1 << 8 * size) - 1)
    return (int.from_bytes(payload, "little") ^ mask).to_bytes(size, "little")


class Http(asyncio.Protocol):
    """
    A keep-alive connection, with one request at a time.

    Args:
        tally: stores errors.
        port: the port of the server.
        token: the token of the user.
    """

    def __init__(self, tally: Tally, port: int, token: str) -> None:
        self.tally = tally
        self._head = f"Host: 127.0.0.1:{port}\r\ntoken: {token}\r\n".encode()
        self._got = b""
        self._whole = 0
        self._closing = False
        self._transport: asyncio.Transport
        self._waiting: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, tally: Tally, port: int, token: str) -> Self:
        """Connect."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(lambda: cls(tally, port, token), "127.0.0.1", port)
        return made

    def post(self, path: str, body: bytes) -> bytes:
        """Return the bytes of a request with a JSON body."""
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return b"POST %b HTTP/1.1\r\n%b%b%b" % (path.encode(), self._head, kind.encode(), body)

    def get(self, path: str) -> bytes:
        """Return the bytes of a request without a body."""
        return b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), self._head)

    def send(self, request: bytes) -> None:
        """Send a request of `post` or `get`; the answer is passed to `took`."""
        self._transport.write(request)

    async def ask(self, request: bytes) -> bytes:
        """
        Send a request, and return the body of the answer.

        Raises:
            WrongAnswer: the answer is not `ok`, or does not arrive.
        """
        self._waiting = asyncio.get_running_loop().create_future()
        self.send(request)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._waiting
        except TimeoutError:
            raise WrongAnswer(f"no answer within {TIMEOUT} s to {request!r}") from None

    def took(self, body: bytes, /) -> None:
        """Take the body of an `ok` answer."""
        if self._waiting is not None:
            self._waiting.set_result(body)
            self._waiting = None

    def abort(self) -> None:
        """Drop the connection."""
        self._closing = True
        self._transport.abort()

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take an answer when it is complete."""
        self._got += data
        if not self._whole:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            _, _, length = self._got[:end].lower().partition(b"content-length:")
            self._whole = end + 4 + int(length.partition(b"\r")[0] or 0)
        if len(self._got) >= self._whole:
            answer, self._got, self._whole = self._got, b"", 0
            head, _, body = answer.partition(b"\r\n\r\n")
            if b" 200 " in head[:16] and b'"msg":"ok"' in body:
                self.took(body)
            else:
                self._fail(f"an answer is not ok: {answer[:500]!r}")

    def connection_lost(self, _: Exception | None) -> None:
        """Treat a connection that the server closed as an error, unless it was aborted."""
        if not self._closing:
            self._fail("the server ended a connection")

    def _fail(self, reason: str) -> None:
        self.tally.fail(reason)
        if self._waiting is not None:
            self._waiting.set_exception(WrongAnswer(reason))
            self._waiting = None
