"""The outermost middleware: an outage is reported as one, and not blamed on the token."""

from __future__ import annotations

from extend.context import Context
from services.errors import Unavailable
from yolk import Next, describe


@describe(errors=(Unavailable,))
async def outage(ctx: Context, next: Next) -> None:
    """Answer 503, or close a socket with 4002, while the database or Redis is unavailable."""
    try:
        await next()
    except ctx.unavailable_errors as error:
        if not ctx.websocket:
            raise Unavailable from error
        ctx.logger.error("%s: database or Redis is unavailable: %s", ctx.request.path, error)
        ctx.disconnect(Unavailable())
