"""The second middleware of the socket."""

from __future__ import annotations

from extend.context import Context
from services.errors import LoggedOut, NoSuchUser
from yolk import Next


async def load_user(ctx: Context, next: Next) -> None:
    """Load the token's user, or close the socket if there is none or the session was revoked."""
    try:
        ctx.user = await ctx.service.account.tokens.load_user(ctx.claims)
    except (NoSuchUser, LoggedOut) as error:
        return ctx.disconnect(error)
    await next()
