"""`ctx.stream`: the body of a request as it comes, for what is too large to wait for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sanic.exceptions import BadRequest, PayloadTooLarge

from yolk.errors import ApiError

if TYPE_CHECKING:
    from sanic import Request as SanicRequest

T = TypeVar("T")

STOPPING = 5003
LINGER = 5.0
"""Seconds for which what a refused client goes on sending is thrown away, so that it reads the
answer: a connection that is closed over unread bytes takes the answer with it."""
TOUCH = 10.0
"""Seconds between two signs of life while the answer is made."""


class BodyBroken(Exception):
    """The body is malformed, or nothing came for too long."""


class Stopping(ApiError):
    """The server stops, and waits for no body."""

    def __init__(self) -> None:
        super().__init__(STOPPING, "The server is stopping", status=503, temporary=True)


class Body:
    """The body of one request. When the client goes, whoever reads is cancelled."""

    def __init__(self, request: SanicRequest) -> None:
        self._stream = cast(Any, request.stream)
        """Sanic's connection, whose types say little of it."""
        self._headers = request.headers
        self._timeout: asyncio.Timeout | None = None
        self._stopping = False
        stream = self._stream
        if stream.request_body is True and not stream.request_bytes_left:
            stream.request_body = None  # Content-Length: 0

    @property
    def length(self) -> int | None:
        """How many bytes the client says will come; None when it does not know."""
        value = self._headers.get("content-length")
        return int(value) if value is not None else None

    @property
    def unread(self) -> bool:
        """Whether there is more to come."""
        return bool(self._stream.request_body)

    async def chunks(self, patience: float) -> AsyncIterator[bytes]:
        """
        Give the bytes as they come; while nobody asks for the next ones, the client waits.

        Args:
            patience: seconds that the client may send nothing.

        Raises:
            BodyBroken: it sent nothing for so long, or no body.
            Stopping: the server stops.
        """
        stream = self._stream
        while stream.request_body:
            if self._stopping:
                raise Stopping
            try:
                async with asyncio.timeout(patience) as self._timeout:
                    data = await stream.read()
            except TimeoutError:
                if self._stopping:
                    raise Stopping from None
                raise BodyBroken(f"nothing came for {patience} seconds") from None
            except (BadRequest, PayloadTooLarge) as error:
                raise BodyBroken(str(error)) from None
            finally:
                self._timeout = None
            if data:
                yield data

    def close_after(self) -> None:
        """Let the answer say that the connection ends with it."""
        self._stream.keep_alive = False

    def stop(self) -> None:
        """Let whoever waits for the client wait no more: the server stops."""
        self._stopping = True
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time())

    async def patiently(self, work: Awaitable[T]) -> T:
        """Wait for *work* on what has come, for longer than Sanic lets a handler be silent."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=TOUCH)
                self._stream.protocol._time = time.monotonic()
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])  # it leaves things in order first
            raise
        return task.result()

    async def discard(self) -> None:
        """Throw away for a while what still comes after the answer, then give the client up."""
        stream = self._stream
        try:
            async with asyncio.timeout(LINGER):
                while stream.request_body:
                    await stream.read()
        except (TimeoutError, BadRequest, PayloadTooLarge):
            return
