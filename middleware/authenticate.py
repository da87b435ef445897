"""Authentication of HTTP requests."""

from __future__ import annotations

from extend.context import Context
from services.errors import BadToken, InvalidData, LoggedOut, NoSuchUser, TokenExpired, UserDisabled
from yolk import Next, describe


@describe(
    security={
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "token",
            "x-browser-login": {
                "login": "/auth/login",
                "logout": "/auth/logout",
                "profile": "/account/profile",
                "storage": "yolk.session",  # of the chat page
            },
        },
        "bearer": {"type": "http", "scheme": "bearer"},
        "address": {"type": "apiKey", "in": "query", "name": "token"},
    },
    errors=(BadToken, TokenExpired, NoSuchUser, UserDisabled, LoggedOut),
)
async def authenticate(ctx: Context, next: Next) -> None:
    """Verify the token, which Egg's clients may send in the body, and load its user."""
    tokens, given = ctx.service.account.tokens, ctx.token or ctx.request.body.get("token")
    if given is not None and not isinstance(given, str):
        raise InvalidData("token: not a text")
    ctx.claims = tokens.verify(given)
    ctx.user = await tokens.load_user(ctx.claims, recent=True)
    if not ctx.user.status:
        raise UserDisabled
    await next()
