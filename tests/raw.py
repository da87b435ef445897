"""A client that sends what no library sends, over a plain connection."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Iterable
from typing import Any, Self


class RawClient:
    """A WebSocket by hand (RFC 6455): the handshake, and frames as bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(
        cls,
        port: int,
        path: str,
        texts: Iterable[str] = (),
        *,
        connection: str = "Upgrade",
    ) -> Self:
        """
        Send a handshake, with *texts* as frames in the same packet, and wait for nothing.

        Args:
            port: on 127.0.0.1.
            path: path and query.
            texts: text messages.
            connection: value of the header `Connection`.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: {connection}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        writer.write(head.encode() + b"".join(frame(text.encode()) for text in texts))
        return cls(reader, writer)

    async def handshake(self) -> bytes:
        """Return the head of the server's answer."""
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)

    async def receive(self) -> Any:
        """Return the next message, decoded from JSON, and skip the answer to the handshake."""
        while True:
            first, second = await asyncio.wait_for(self.reader.readexactly(2), 10)
            if first == ord("H"):
                await self.handshake()
                continue
            size = second
            if size == 126:
                (size,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
            payload = await asyncio.wait_for(self.reader.readexactly(size), 10)
            if first & 0x0F == 1:
                return json.loads(payload)

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


def frame(payload: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    """Return a client's frame, masked as RFC 6455, section 5.3, requires."""
    size = len(payload)
    mask = os.urandom(4)
    if size < 126:
        head = struct.pack(">BB", fin << 7 | opcode, 128 | size)
    elif size < 65536:
        head = struct.pack(">BBH", fin << 7 | opcode, 128 | 126, size)
    else:
        head = struct.pack(">BBQ", fin << 7 | opcode, 128 | 127, size)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return head + mask + masked
