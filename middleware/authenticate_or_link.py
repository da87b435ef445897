"""Authentication of requests for files."""

from __future__ import annotations

from extend.context import Context
from middleware.authenticate import authenticate
from yolk import Next, describe
from yolk.describe import description_of

_AUTHENTICATE = description_of(authenticate)
assert _AUTHENTICATE is not None  # noqa: S101 - `authenticate` is described


@describe(
    security={
        **_AUTHENTICATE.security,
        "link": {"type": "apiKey", "in": "query", "name": "signature"},
    },
    errors=_AUTHENTICATE.errors,
)
async def authenticate_or_link(ctx: Context, next: Next) -> None:
    """Verify the token; a request with a signature is checked by its handler instead."""
    if ctx.query.signature is not None:
        return await next()
    await authenticate(ctx, next)
