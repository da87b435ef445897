"""Who asks, over HTTP."""

from __future__ import annotations

from extend.context import Context
from services.errors import BadToken, LoggedOut, NoSuchUser, TokenExpired, UserDisabled
from yolk import Next, describe


@describe(
    security={
        "token": {"type": "apiKey", "in": "header", "name": "token"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "address": {"type": "apiKey", "in": "query", "name": "token"},
    },
    errors=(BadToken, TokenExpired, NoSuchUser, UserDisabled, LoggedOut),
)
async def authenticate(ctx: Context, next: Next) -> None:
    """Let in who brings a good token; it may stand in the body too, as Egg's clients send it."""
    auth = ctx.service.account
    ctx.claims = auth.verify(ctx.token or ctx.request.body.get("token"))
    ctx.user = await auth.user_of(ctx.claims, recent=True)
    if not ctx.user.status:
        raise UserDisabled
    await next()
