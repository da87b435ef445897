"""The first link of the socket's chain."""

from __future__ import annotations

from extend.context import Context
from services.errors import BadToken, TokenExpired
from yolk import Next


async def verify_token(ctx: Context, next: Next) -> None:
    """Let in who brings a good token, or a ticket in its place."""
    auth = ctx.service.auth
    try:
        if ctx.query.ticket:
            ctx.claims = await auth.redeem_ticket(ctx.query.ticket)
        else:
            ctx.claims = auth.verify(ctx.token)
    except (BadToken, TokenExpired) as reason:
        return ctx.refuse(reason)
    await next()
