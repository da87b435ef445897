"""`ctx.stream`: the body of a request as a stream, for bodies too large for memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sanic.exceptions import BadRequest, PayloadTooLarge

from yolk.errors import STOPPING, ApiError

if TYPE_CHECKING:
    from sanic import Request as SanicRequest

T = TypeVar("T")

LINGER_SECONDS = 5.0
"""How long the rest of a refused body is read and discarded, so that the client reads the answer:
closing a connection with unread bytes resets it, and the answer is lost."""
KEEP_ALIVE_SECONDS = 10.0
"""How often Sanic's response timeout is reset while an answer is computed."""


class BodyBroken(Exception):
    """The body is malformed, or the client sent nothing for too long."""


class BodyLate(BodyBroken):
    """The client sent nothing for too long."""


class Stopping(ApiError):
    """The server is stopping and reads no more of the body."""

    def __init__(self) -> None:
        super().__init__(STOPPING, "The server is stopping", status=503, temporary=True)


class Body:
    """The body of one request. When the client disconnects, the reading task is cancelled."""

    def __init__(self, request: SanicRequest) -> None:
        self._stream = cast(Any, request.stream)
        """Sanic's `Http` object; its annotations are incomplete."""
        self._headers = request.headers
        self._timeout: asyncio.Timeout | None = None
        self._stopping = False
        stream = self._stream
        if stream.request_body is True and not stream.request_bytes_left:
            stream.request_body = None  # Content-Length: 0

    @property
    def length(self) -> int | None:
        """The length that the client declares, in bytes; None when it declares none."""
        value = self._headers.get("content-length")
        return int(value) if value is not None else None

    @property
    def unread(self) -> bool:
        """Whether the body has not been read to its end."""
        return bool(self._stream.request_body)

    async def chunks(self, patience: float) -> AsyncIterator[bytes]:
        """
        Yield the bytes as they arrive; the client waits while no chunk is requested.

        Args:
            patience: how long to wait for the next chunk, in seconds.

        Raises:
            BodyBroken: the client sent nothing for that long, or a malformed body.
            Stopping: the server is stopping.
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
                raise BodyLate(f"nothing was received for {patience} seconds") from None
            except (BadRequest, PayloadTooLarge) as error:
                raise BodyBroken(str(error)) from None
            finally:
                self._timeout = None
            if data:
                yield data

    async def read(self, limit: int, patience: float) -> bytes:
        """
        Read on until the end, or until at least *limit* bytes came.

        Args:
            limit: bytes; the last chunk may go beyond.
            patience: how long to wait for the next chunk, in seconds.

        Raises:
            BodyBroken: the client sent nothing for that long, or a malformed body.
            Stopping: the server is stopping.
        """
        found = bytearray()
        async for chunk in self.chunks(patience):
            found += chunk
            if len(found) >= limit:
                break
        return bytes(found)

    def take_received(self, limit: int) -> bytes | None:
        """Return the whole body if it came with the head and is not over *limit*, else None."""
        stream = self._stream
        size: int = stream.request_bytes_left
        if stream.request_body is not True or not size <= min(limit, len(stream.recv_buffer)):
            return None
        data = bytes(stream.recv_buffer[:size])
        del stream.recv_buffer[:size]
        stream.request_bytes_left = 0
        stream.request_body = None
        return data

    def close_after(self) -> None:
        """Close the connection after the answer (`Connection: close`)."""
        self._stream.keep_alive = False

    def stop(self) -> None:
        """Raise `Stopping` in the task that waits for the client: the server is stopping."""
        self._stopping = True
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time())

    async def patiently(self, work: Awaitable[T]) -> T:
        """Await *work* without Sanic's response timeout."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=KEEP_ALIVE_SECONDS)
                self._stream.protocol._time = time.monotonic()
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])  # until it has cleaned up
            raise
        return task.result()

    async def discard(self) -> None:
        """Discard the rest of the body after the answer, for `LINGER_SECONDS` at most."""
        stream = self._stream
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while stream.request_body:
                    await stream.read()
        except (TimeoutError, BadRequest, PayloadTooLarge):
            return
        finally:
            self.forget()

    def forget(self) -> None:
        """Do not read the rest of the body. Sanic would read it, and log an error of the server."""
        self._stream.request_body = None
