"""A socket of the load driver. It does as little as possible: the server is to be the limit."""

from __future__ import annotations

import asyncio
import struct
from typing import Self, cast

from bench.errors import WrongAnswer

TEXT = 0x81
MASK = bytes.fromhex("37fa213d")
TIMEOUT = 30
"""Seconds to wait for messages."""
MAX_READ = 256 * 1024
"""The most bytes that uvloop passes on at a time."""

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_ACCEPTED = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # of that key (RFC 6455, section 1.3)


class Tally:
    """A counter of the complete and correct messages over all sockets of the load driver."""

    def __init__(self) -> None:
        self.messages = 0
        self.failure: WrongAnswer | None = None
        self._target = 0
        self._reached: asyncio.Future[None] | None = None

    def add(self, messages: int) -> None:
        """Count received messages."""
        self.messages += messages
        if self._reached is not None and self.messages >= self._target:
            self._reached.set_result(None)
            self._reached = None

    def fail(self, reason: str) -> None:
        """Store that the server did something wrong, and raise it in whoever waits."""
        self.failure = self.failure or WrongAnswer(reason)
        if self._reached is not None:
            self._reached.set_exception(self.failure)
            self._reached = None

    async def reach(self, messages: int) -> None:
        """
        Wait until so many *messages* have been received in all.

        Raises:
            WrongAnswer: something else was received, or nothing more.
        """
        self.check()
        if self.messages < messages:
            self._target = messages
            self._reached = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(TIMEOUT):
                    await self._reached
            except TimeoutError:
                reason = f"{messages - self.messages} messages did not come within {TIMEOUT} s"
                raise WrongAnswer(reason) from None

    def check(self) -> None:
        """
        Raise the error that was stored, if any.

        Raises:
            WrongAnswer: the server did something wrong.
        """
        if self.failure is not None:
            raise self.failure


class Client(asyncio.Protocol):
    """
    A socket that gets a greeting, and then the same messages again and again.

    Args:
        tally: counts the messages.
        request: the bytes of the handshake.
    """

    def __init__(self, tally: Tally, request: bytes) -> None:
        self._tally = tally
        self._request = request
        self._head = b""
        self._greeted = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        # The expected bytes, more than can be read at a time, and the position in them.
        self._stream = b""
        self._round = self._size = self._position = 0
        self._answer = b""
        self._closing = False

    @classmethod
    async def open(cls, tally: Tally, port: int, path: str) -> Self:
        """
        Connect, and wait for the greeting of the server.

        Raises:
            WrongAnswer: the socket was refused.
        """
        request = _REQUEST.format(path=path, port=port).encode()
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(tally, request), "127.0.0.1", port)
        await client._greeted
        return client

    def expect(self, messages: list[str]) -> None:
        """
        Set the messages to expect, again and again.

        Args:
            messages: the messages, all of one length.
        """
        frames = [_frame(message) for message in messages]
        self._size = len(frames[0])
        self._round = self._size * len(frames)
        self._stream = b"".join(frames) * (MAX_READ // self._round + 2)
        self._position = 0

    def send(self, frames: bytes) -> None:
        """Send frames that `masked` returned."""
        self._transport.write(frames)

    def answer_each(self, frame: bytes) -> None:
        """Send *frame* now and after every message; if it is empty, send nothing more."""
        self._answer = frame
        if frame:
            self.send(frame)

    def abort(self) -> None:
        """Drop the connection."""
        self._closing = True
        self._transport.abort()

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Compare the bytes with the expected ones, and count complete messages."""
        if not self._stream:
            self._greet(data)
            return
        if not self._stream.startswith(data, self._position):
            self._tally.fail(f"something else than expected came: {data[:100]!r}")
            self.abort()
            return
        end = self._position + len(data)
        whole = end // self._size - self._position // self._size
        self._position = end % self._round
        if self._answer:
            for _ in range(whole):
                self._transport.write(self._answer)
        self._tally.add(whole)

    def connection_lost(self, _: Exception | None) -> None:
        """Treat a connection that the server closed as an error."""
        if not self._greeted.done():
            self._greeted.set_exception(WrongAnswer(f"the socket was closed: {self._head!r}"))
        elif not self._closing:
            self._tally.fail("the server closed a socket")

    def _greet(self, data: bytes) -> None:
        """Read the answer to the handshake, and the greeting after it."""
        if self._greeted.done():
            self._tally.fail(f"unexpected data: {data[:100]!r}")
            return
        self._head += data
        head, end, frame = self._head.partition(b"\r\n\r\n")
        if end and _ACCEPTED not in head:
            self._refuse()
        elif _is_whole(frame):
            if b'"connected"' not in frame:
                self._refuse()
                return
            self._head = self._request = b""
            self._greeted.set_result(None)

    def _refuse(self) -> None:
        self._greeted.set_exception(WrongAnswer(f"there was no greeting: {self._head!r}"))
        self.abort()


def masked(message: str) -> bytes:
    """Return the frame of a client's *message* (RFC 6455, section 5.3)."""
    payload = message.encode()
    mask = MASK * (len(payload) // 4 + 1)
    hidden = bytes(byte ^ key for byte, key in zip(payload, mask, strict=False))
    return _head_of(len(payload), 0x80) + MASK + hidden


def _frame(message: str) -> bytes:
    """Return the frame of a server's *message*."""
    payload = message.encode()
    return _head_of(len(payload), 0) + payload


def _head_of(length: int, mask: int) -> bytes:
    if length < 126:
        return bytes((TEXT, mask | length))
    return struct.pack(">BBH", TEXT, mask | 126, length)


def _is_whole(frame: bytes) -> bool:
    """Return whether a server's frame is complete; greetings are shorter than 64 KiB."""
    if len(frame) < 4:
        return False
    if frame[1] < 126:
        return len(frame) >= 2 + frame[1]
    return len(frame) >= 4 + int.from_bytes(frame[2:4], "big")
