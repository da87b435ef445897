"""A WebSocket client for tests."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

TIMEOUT_SECONDS = 10.0
"""The time limit of every wait, in seconds."""


_open: set[Socket] = set()


async def close_all() -> None:
    """Close the sockets that a test has left open; for a fixture that all tests use."""
    while _open:
        await _open.pop().abort()


class Timeout(AssertionError):
    """A test has waited in vain."""


class Socket:
    """
    An open WebSocket that speaks JSON.

    Messages that arrive while a test waits for another one are kept in `passed`, in order.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        _open.add(self)
        self.passed: list[Any] = []
        self._requests = 0

    @classmethod
    async def open(cls, url: str, **options: Any) -> Self:
        """
        Connect.

        Args:
            url: `ws://...`.
            options: options of `websockets.asyncio.client.connect`, such as `additional_headers`.

        Raises:
            websockets.exceptions.InvalidStatus: the server answered with HTTP.
        """
        options = {"max_size": None, "ping_interval": None, "proxy": None, **options}
        return cls(await connect(url, **options))

    async def send(self, frame: Any) -> None:
        """Send text or bytes as they are, anything else as JSON."""
        as_is = isinstance(frame, (str, bytes))
        await self.connection.send(frame if as_is else json.dumps(frame, ensure_ascii=False))

    async def receive(self) -> Any:
        """
        Return the next message: JSON decoded, other text and bytes unchanged.

        Raises:
            Timeout: no message arrived.
            websockets.exceptions.ConnectionClosed: the socket was closed.
        """
        try:
            message = await asyncio.wait_for(self.connection.recv(), TIMEOUT_SECONDS)
        except TimeoutError:
            raise Timeout(f"no frame within {TIMEOUT_SECONDS} s; before: {self.passed}") from None
        try:
            return json.loads(message)
        except ValueError:
            return message

    async def wait_for(self, **fields: Any) -> Any:
        """
        Return the next message with these *fields*.

        Args:
            fields: names and values, such as `type="message"`.

        Raises:
            Timeout: no such message arrived.
            websockets.exceptions.ConnectionClosed: the socket was closed before.
        """
        async with asyncio.timeout(TIMEOUT_SECONDS * 3):
            while True:
                frame = await self.receive()
                if isinstance(frame, dict) and fields.items() <= frame.items():
                    return frame
                self.passed.append(frame)

    async def request(self, kind: str, **data: Any) -> Any:
        """
        Send a request, and return its answer.

        Args:
            kind: the type of the request.
            data: the data of the request.
        """
        self._requests += 1
        await self.send({"id": self._requests, "type": kind, "data": data})
        return await self.wait_for(id=self._requests)

    async def ping(self) -> bool:
        """Send a ping and wait for the pong: all earlier messages were handled then."""
        pong = await self.connection.ping()
        await asyncio.wait_for(pong, TIMEOUT_SECONDS)
        return True

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the socket and wait until it is closed."""
        _open.discard(self)
        await self.connection.close(code, reason)

    async def abort(self) -> None:
        """Abort the connection without a close frame, as a network failure does."""
        _open.discard(self)
        self.connection.transport.abort()
        await self.connection.wait_closed()

    async def closed(self) -> tuple[int | None, str | None]:
        """
        Wait until the server has closed the socket.

        Returns:
            the close code and reason; messages before it are in `passed`.

        Raises:
            Timeout: it was not closed.
        """
        try:
            while True:
                self.passed.append(await self.receive())
        except ConnectionClosed:
            return self.connection.close_code, self.connection.close_reason

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
