"""Around everything: what is away is said to be away, and nobody's token is blamed for it."""

from __future__ import annotations

from extend.context import Context
from services.errors import Unavailable
from yolk import Next, describe


@describe(errors=(Unavailable,))
async def outage(ctx: Context, next: Next) -> None:
    """Answer 503, or close a socket with 4002, while the database or Redis is away."""
    try:
        await next()
    except ctx.unavailable_errors as error:
        if not ctx.websocket:
            raise Unavailable from error
        ctx.logger.error("%s: the database or Redis is away: %s", ctx.request.path, error)
        ctx.refuse(Unavailable())
