"""A network that can be cut, between a server and a service that it needs."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Proxy:
    """
    A proxy to a unix socket or a port of this machine, which can cut all connections.

    Args:
        target: the path of the unix socket, or the port.
    """

    def __init__(self, target: str | int) -> None:
        self._target = target
        self._cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    def cut(self) -> None:
        """Reset all connections, and each new one at once."""
        self._cut = True
        for writer in list(self._open):
            writer.transport.abort()

    def restore(self) -> None:
        """Forward connections again."""
        self._cut = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        try:
            back, forth = await self._connect()
        except OSError:  # nobody listens
            writer.transport.abort()
            return
        self._open |= {writer, forth}
        try:
            await asyncio.gather(_copy(reader, forth), _copy(back, writer))
        finally:
            self._open -= {writer, forth}
            for end in (writer, forth):
                end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(self._target)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # cut
    finally:
        writer.close()
