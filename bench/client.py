"""One socket of the load. It does as little as it can: the server is to be the limit."""

from __future__ import annotations

import asyncio
import struct
from typing import Self, cast

from bench.errors import WrongAnswer

TEXT = 0x81
MASK = bytes.fromhex("37fa213d")
PATIENCE = 30
"""Seconds to wait for messages."""
LONGEST_READ = 256 * 1024
"""Bytes that uvloop hands over at a time, at most."""

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_ACCEPTED = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # of that key (RFC 6455, section 1.3)


class Tally:
    """How many messages came, over all sockets of the load, each whole and as it had to be."""

    def __init__(self) -> None:
        self.messages = 0
        self.failure: WrongAnswer | None = None
        self._target = 0
        self._reached: asyncio.Future[None] | None = None

    def add(self, messages: int) -> None:
        """Count *messages* that came."""
        self.messages += messages
        if self._reached is not None and self.messages >= self._target:
            self._reached.set_result(None)
            self._reached = None

    def fail(self, reason: str) -> None:
        """Take note that a server did what it must not; whoever waits is told."""
        self.failure = self.failure or WrongAnswer(reason)
        if self._reached is not None:
            self._reached.set_exception(self.failure)
            self._reached = None

    async def reach(self, messages: int) -> None:
        """
        Wait until so many *messages* came in all.

        Raises:
            WrongAnswer: something else came, or nothing more.
        """
        self.check()
        if self.messages < messages:
            self._target = messages
            self._reached = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._reached
            except TimeoutError:
                reason = f"{messages - self.messages} messages did not come within {PATIENCE} s"
                raise WrongAnswer(reason) from None

    def check(self) -> None:
        """
        Make sure that nothing went wrong so far.

        Raises:
            WrongAnswer: something did.
        """
        if self.failure is not None:
            raise self.failure


class Client(asyncio.Protocol):
    """
    A socket that is greeted and then gets the same messages again and again.

    Args:
        tally: counts them.
        request: the bytes of the handshake.
    """

    def __init__(self, tally: Tally, request: bytes) -> None:
        self._tally = tally
        self._request = request
        self._head = b""
        self._greeted = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        # What must come, for longer than can be read at a time, and where in it we are.
        self._stream = b""
        self._round = self._size = self._position = 0
        self._answer = b""
        self._closing = False

    @classmethod
    async def open(cls, tally: Tally, port: int, path: str) -> Self:
        """
        Connect, and wait for the server's greeting.

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
        Say what will come, over and over.

        Args:
            messages: all of one length.
        """
        frames = [_frame(message) for message in messages]
        self._size = len(frames[0])
        self._round = self._size * len(frames)
        self._stream = b"".join(frames) * (LONGEST_READ // self._round + 2)
        self._position = 0

    def send(self, frames: bytes) -> None:
        """Send what `masked` made."""
        self._transport.write(frames)

    def answer_each(self, frame: bytes) -> None:
        """Send *frame* now, and again for every message that comes; nothing more if it is empty."""
        self._answer = frame
        if frame:
            self.send(frame)

    def abort(self) -> None:
        """Drop the connection."""
        self._closing = True
        self._transport.abort()

    # --- from the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Compare what came with what had to come, however it is cut, and count whole messages."""
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
        """Take a connection that the server ended for a fault."""
        if not self._greeted.done():
            self._greeted.set_exception(WrongAnswer(f"the socket was closed: {self._head!r}"))
        elif not self._closing:
            self._tally.fail("the server closed a socket")

    def _greet(self, data: bytes) -> None:
        """Read the answer to the handshake and the one message after it."""
        if self._greeted.done():
            self._tally.fail(f"something came that nobody asked for: {data[:100]!r}")
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
    """Give the frame by which a client sends *message* (RFC 6455, section 5.3)."""
    payload = message.encode()
    mask = MASK * (len(payload) // 4 + 1)
    hidden = bytes(byte ^ key for byte, key in zip(payload, mask, strict=False))
    return _head_of(len(payload), 0x80) + MASK + hidden


def _frame(message: str) -> bytes:
    """Give the frame by which a server sends *message*."""
    payload = message.encode()
    return _head_of(len(payload), 0) + payload


def _head_of(length: int, mask: int) -> bytes:
    if length < 126:
        return bytes((TEXT, mask | length))
    return struct.pack(">BBH", TEXT, mask | 126, length)


def _is_whole(frame: bytes) -> bool:
    """Tell whether all of a server's frame is there; greetings are shorter than 64 KiB."""
    if len(frame) < 4:
        return False
    if frame[1] < 126:
        return len(frame) >= 2 + frame[1]
    return len(frame) >= 4 + int.from_bytes(frame[2:4], "big")
