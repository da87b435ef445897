"""The first middleware of the socket."""

from __future__ import annotations

from extend.context import Context
from services.errors import BadToken, TokenExpired, TooManySockets
from yolk import Next
from yolk.addresses import network_of


async def verify_token(ctx: Context, next: Next) -> None:
    """Verify the ticket, or without one the token, or close the socket."""
    if ctx.app.ws.addresses[network_of(ctx.request.ip)] > ctx.app.config.chat.address_sockets:
        return ctx.disconnect(TooManySockets())
    account, ticket = ctx.service.account, ctx.query.ticket
    try:
        ctx.claims = (
            await account.tickets.redeem(ticket) if ticket else account.tokens.verify(ctx.token)
        )
    except (BadToken, TokenExpired) as error:
        return ctx.disconnect(error)
    await next()
