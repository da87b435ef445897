"""Who asks for a file, over HTTP."""

from __future__ import annotations

from extend.context import Context
from middleware.authenticate import authenticate
from yolk import Next, describe
from yolk.describe import description_of

_SAID = description_of(authenticate)
assert _SAID is not None  # noqa: S101


@describe(
    security={
        **_SAID.security,
        "link": {"type": "apiKey", "in": "query", "name": "signature"},
    },
    errors=_SAID.errors,
)
async def authenticate_or_link(ctx: Context, next: Next) -> None:
    """Let in who brings a good token; who brings a signature is judged by it alone."""
    if ctx.query.signature is not None:
        return await next()
    await authenticate(ctx, next)
