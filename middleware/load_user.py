"""The second link of the socket's chain."""

from __future__ import annotations

from extend.context import Context
from services.errors import LoggedOut, NoSuchUser
from yolk import Next


async def load_user(ctx: Context, next: Next) -> None:
    """Look up who the token speaks of."""
    try:
        ctx.user = await ctx.service.account.user_of(ctx.claims)
    except (NoSuchUser, LoggedOut) as reason:
        return ctx.refuse(reason)
    await next()
