"""A reverse proxy that serves an application below a path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

HEAD_END = b"\r\n\r\n"


@asynccontextmanager
async def below(prefix: str, port: int) -> AsyncIterator[str]:
    """
    Yield the address of a proxy that removes *prefix* from each path, and knows no other path.

    Args:
        prefix: such as "/im".
        port: of the application on this machine.
    """
    start = f" {prefix}/".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(HEAD_END)
            line, _, rest = head.partition(b"\r\n")
            if start not in line:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            # One request a connection, unless it becomes a socket.
            if b"upgrade: websocket" not in rest.lower():
                rest = rest.replace(b"Connection: keep-alive", b"Connection: close")
            back, forth = await asyncio.open_connection("127.0.0.1", port)
            forth.write(line.replace(start, b" /", 1) + b"\r\n" + rest)
            await asyncio.gather(_copy(reader, forth), _copy(back, writer))

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{prefix}/"
    finally:
        server.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
