"""The refusal of requests that can wait while the worker is overloaded."""

from __future__ import annotations

from extend.context import Context
from services.errors import Overloaded
from yolk import Next, describe


@describe(errors=(Overloaded,))
async def refuse_overload(ctx: Context, next: Next) -> None:
    """Answer 503 with `Retry-After` before anything is read or hashed for the request."""
    ctx.app.load.admit()
    await next()
