"""Who asks, over HTTP."""

from __future__ import annotations

from extend.context import Context
from services.errors import UserDisabled
from yolk import Next


async def authenticate(ctx: Context, next: Next) -> None:
    """Let in who brings a good token; it may stand in the body too, as Egg's clients send it."""
    auth = ctx.service.auth
    ctx.claims = auth.verify(ctx.token or ctx.request.body.get("token"))
    ctx.user = await auth.user_of(ctx.claims)
    if not ctx.user.status:
        raise UserDisabled
    await next()
