"""A client that writes exactly the bytes that it is given."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import struct
from collections.abc import Iterable
from typing import Any

WAIT = 10
MASK = b"\x12\xfe\x00\x9a"


def frame(
    opcode: int,
    payload: bytes = b"",
    fin: bool = True,
    rsv: int = 0,
    *,
    mask: bytes | None = MASK,
    form: int | None = None,
    declared: int | None = None,
) -> bytes:
    """
    Return a client's frame.

    Args:
        opcode: 0 to 15.
        payload: what is sent, whatever length is declared.
        fin: whether it is the last frame of the message.
        rsv: the three reserved bits.
        mask: four bytes, or None for a frame that is not masked.
        form: bytes of the extended length: 0, 2 or 8; by default as few as possible.
        declared: the length in the head; by default the payload's.
    """
    size = len(payload) if declared is None else declared
    if form is None:
        form = 0 if size < 126 else 2 if size < 65536 else 8
    length = {0: size, 2: 126, 8: 127}[form]
    head = bytes(((0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if mask else 0) | length))
    head += size.to_bytes(form, "big") if form else b""
    if mask is None:
        return head + payload
    pattern = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return head + mask + masked.to_bytes(len(payload), "big")


def close(code: int, reason: bytes = b"") -> bytes:
    """Return a client's close frame."""
    return frame(8, struct.pack(">H", code) + reason)


def read_frames(data: bytes) -> list[tuple[int, bytes]]:
    """Parse what a server wrote into opcodes and payloads. Every frame must be complete."""
    found = []
    while data:
        first, size, start = data[0], data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        assert first & 0xF0 == 0x80, "a server's frame is final and has no reserved bits"
        assert len(data) >= start + size
        found.append((first & 15, data[start : start + size]))
        data = data[start + size :]
    return found


class Raw:
    """A connection without a protocol implementation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.head = b""

    @property
    def wire(self) -> Any:
        """The transport."""
        return self.writer.transport

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> Raw:
        """Open a connection, and send nothing."""
        name = "localhost" if tls else None
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name))

    @classmethod
    async def open(
        cls,
        worker: Any,
        path: str = "/ws",
        after: bytes = b"",
        *,
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> Raw:
        """Send a handshake, with *after* in the same packet, and read the head of the response."""
        self = await cls.connect(worker.port, tls)
        fields = {
            "Host": "test",
            "Upgrade": "websocket",
            "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        self.writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() + after)
        async with asyncio.timeout(WAIT):
            self.head = await self.reader.readuntil(b"\r\n\r\n")
        return self

    async def send(self, packets: Iterable[bytes]) -> None:
        """Send packets one after the other; the kernel may join them."""
        for packet in packets:
            self.writer.write(packet)
            await self.writer.drain()

    async def read(self) -> tuple[int, bytes]:
        """Return the next frame."""
        async with asyncio.timeout(WAIT):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
            return first & 15, await self.reader.readexactly(size)

    async def rest(self) -> list[tuple[int, bytes]]:
        """Return the frames up to the end of the connection."""
        async with asyncio.timeout(WAIT):
            data = await self.reader.read()
        self.writer.close()
        return read_frames(data)

    async def end(self) -> None:
        """Wait for the end of the connection; no frame comes before it."""
        assert await self.rest() == []


async def echo(ctx: Any) -> None:
    """Serve a socket that echoes."""
    ctx.websocket.on("message", ctx.websocket.send)


def serve_echo(app: Any) -> None:
    """Mount the echo at /ws."""
    app.ws.route("/ws", echo)


class Recorder:
    """A route whose sockets echo, and a record of the calls to their listeners."""

    def __init__(self, slow: bool = False) -> None:
        self.slow = slow
        self.messages: list[Any] = []
        self.closed: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.sockets: list[Any] = []

    def mount(self, app: Any) -> None:
        app.ws.route("/ws", self.connect)

    async def connect(self, ctx: Any) -> None:
        socket = ctx.websocket
        self.sockets.append(socket)

        def receive(message: Any) -> None:
            self.messages.append(message)
            socket.send(message)

        async def receive_slowly(message: Any) -> None:
            await asyncio.sleep(0)
            receive(message)

        socket.on("message", receive_slowly if self.slow else receive)
        socket.on("close", lambda code, reason: self.closed.put_nowait((code, reason)))

    async def end(self) -> tuple[int, str]:
        """Return the arguments of the next call to a close listener."""
        return await asyncio.wait_for(self.closed.get(), WAIT)
