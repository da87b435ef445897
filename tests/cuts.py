"""A failing network: it cuts every connection after some bytes, in the middle of a frame."""

from __future__ import annotations

import asyncio
from random import Random
from types import TracebackType
from typing import Self


class FailingNetwork:
    """
    Passes connections on to a port of this machine, and cuts each after a while.

    *random* chooses how much a connection passes, and whether it ends with FIN or RST: some pass
    nothing, most pass little, some a large answer.

    Args:
        port: where the server listens.
        random: a generator with a seed.
    """

    def __init__(self, port: int, random: Random) -> None:
        self.port = 0
        self.cuts = 0
        """How many connections it has cut."""
        self._target = port
        self._random = random
        self.spare = False
        """Whether new connections are left alone."""
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def restore(self) -> None:
        """Cut all open connections, and none from now on."""
        self.spare = True
        self.end()

    def end(self) -> None:
        """Cut all open connections."""
        self._end(self._open)

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
        self._end(self._open)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        random = self._random
        most = 600 if random.random() < 0.1 else 10 ** random.uniform(3.5, 5.5)
        left = None if self.spare else random.randrange(int(most))
        abruptly = random.random() < 0.5
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, forth}
        self._open |= ends
        life = _Life(left)
        copies = [
            asyncio.create_task(_copy(reader, forth, life)),
            asyncio.create_task(_copy(back, writer, life)),
        ]
        # Whichever ends first ends both.
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
        self._open -= ends
        self.cuts += life.over
        if abruptly:
            self._end(ends)
        for end in ends:
            end.close()

    def _end(self, writers: set[asyncio.StreamWriter]) -> None:
        for writer in list(writers):
            writer.transport.abort()


class _Life:
    """How many bytes a connection still passes, in both directions together; None: any number."""

    def __init__(self, left: int | None) -> None:
        self._left = left
        self.over = False

    def spend(self, data: bytes) -> bytes:
        """Return the part of *data* that still passes."""
        if self._left is None:
            return data
        passed = data[: self._left]
        self._left -= len(passed)
        self.over = len(passed) < len(data)
        return passed


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, life: _Life) -> None:
    try:
        while not life.over and (data := await reader.read(65536)):
            writer.write(life.spend(data))
            await writer.drain()
    except OSError:
        pass  # the other side has gone
