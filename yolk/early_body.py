"""Reading a body in part before the middlewares run, and the rest after they let it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sanic.response import ResponseStream

from yolk.body import Body, BodyBroken, BodyLate
from yolk.compose import Handler
from yolk.errors import LATE, TOO_LARGE, UNREADABLE, ApiError

if TYPE_CHECKING:
    from sanic import HTTPResponse
    from sanic import Request as SanicRequest

    from yolk.context import Context

EARLY_BYTES = 64 * 1024
"""Bytes of a body that are read before the middlewares run, which may find the token in it."""


class BodyTooLarge(ApiError):
    """The body has more bytes than the route allows."""

    def __init__(self) -> None:
        super().__init__(TOO_LARGE, "The body is too large", status=413)


async def read_early(
    ctx: Context, body: Body, request: SanicRequest, limit: int, patience: float
) -> Callable[[], Awaitable[None]] | None:
    """
    Read a body before the middlewares run: a large one only in part, until they let it in.

    Args:
        ctx: of the request; the body is parsed into it.
        body: of the request.
        request: Sanic's own.
        limit: bytes.
        patience: seconds to wait for the next chunk.

    Returns:
        what reads the rest, or None where all was read.

    Raises:
        BodyTooLarge: there are more bytes.
        ApiError: the body is malformed, or did not come.
    """
    if body.length is not None and body.length > limit:
        raise BodyTooLarge
    data = b""

    async def read(upto: int) -> None:
        nonlocal data
        try:
            data += await body.read(upto - len(data), patience)
        except BodyBroken as error:
            body.close_after()
            if isinstance(error, BodyLate):
                raise ApiError(LATE, "The body did not arrive in time", status=408) from None
            raise ApiError(UNREADABLE, f"The body is incomplete: {error}") from None
        if len(data) > limit:
            raise BodyTooLarge
        if not body.unread:
            request.body = data
            ctx.request.parse_body(request)

    async def read_rest() -> None:
        await read(limit + 1)

    if body.length is None or body.length <= EARLY_BYTES:
        await read(min(EARLY_BYTES, limit) + 1)
    return read_rest if body.unread else None


def after_rest(read_rest: Callable[[], Awaitable[None]], handler: Handler) -> Handler:
    """Return a handler that first reads the rest of the body."""

    async def handle(ctx: Any) -> Any:
        await read_rest()
        return await handler(ctx)

    return handle


async def refuse_the_rest(
    request: SanicRequest, body: Body, response: HTTPResponse | ResponseStream
) -> HTTPResponse | ResponseStream | None:
    """Answer before the body was read, so that a client that is still sending gets the answer."""
    body.close_after()
    if isinstance(response, ResponseStream):
        body.forget()
        return response
    sent = await request.respond(response)
    await sent.send(end_stream=True)
    await body.discard()
    return None
