"""The third link of the socket's chain."""

from __future__ import annotations

from extend.context import Context
from services.errors import UserDisabled
from yolk import Next


async def check_status(ctx: Context, next: Next) -> None:
    """Let in who was not disabled."""
    if not ctx.user.status:
        return ctx.refuse(UserDisabled())
    await next()
