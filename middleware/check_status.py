"""The third middleware of the socket."""

from __future__ import annotations

from extend.context import Context
from services.errors import UserDisabled
from yolk import Next


async def check_status(ctx: Context, next: Next) -> None:
    """Close the socket if its user is disabled."""
    if not ctx.user.status:
        return ctx.disconnect(UserDisabled())
    await next()
