"""The first link of the socket's chain."""

from __future__ import annotations

from extend.context import Context
from services.errors import BadToken, TokenExpired
from yolk import Next


async def verify_token(ctx: Context, next: Next) -> None:
    """Let in who brings a good token, or a ticket in its place."""
    try:
        ctx.claims = await ctx.service.account.identify(ctx.query.ticket, ctx.token)
    except (BadToken, TokenExpired) as reason:
        return ctx.refuse(reason)
    await next()
