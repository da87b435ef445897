"""The last middleware of the socket."""

from __future__ import annotations

from extend.context import Context
from services.errors import LoggedOut, TooManySockets
from yolk import Next


async def register(ctx: Context, next: Next) -> None:
    """Register the user as online for as long as the socket is open, however it ends."""
    # Those of this worker, before anything is written. No await between the check and the
    # registration: sockets that come together are all counted.
    if len(ctx.app.ws.users.get(ctx.user.id, ())) >= ctx.app.config.chat.user_sockets:
        return ctx.disconnect(TooManySockets())
    # A logout finds the sockets of its session by this.
    if sid := ctx.claims.get("sid"):
        ctx.websocket.session = sid
    try:
        await ctx.online(ctx.user.id)
        if ctx.websocket.rank > ctx.app.config.chat.user_sockets:
            return ctx.disconnect(TooManySockets())
        # Check again after registering: a logout in between found no socket to close.
        await ctx.service.account.sessions.check(ctx.claims)
        await next()
    except LoggedOut as error:
        ctx.disconnect(error)
    finally:
        await ctx.offline()
