"""The last link of the socket's chain."""

from __future__ import annotations

from extend.context import Context
from services.errors import LoggedOut
from yolk import Next


async def register(ctx: Context, next: Next) -> None:
    """Be online for as long as the socket is open, however it ends."""
    # By this name a logout finds the sockets of its login.
    if sid := ctx.claims.get("sid"):
        ctx.websocket.session = sid
    try:
        await ctx.online(ctx.user.id)
        # Register, then look once more: a logout in between found no socket to close.
        await ctx.service.account.check_session(ctx.claims)
        await next()
    except LoggedOut as reason:
        ctx.refuse(reason)
    finally:
        await ctx.offline()
