"""The check that a request is an administrator's, after `authenticate`."""

from __future__ import annotations

from extend.context import Context
from services import permissions
from services.errors import NotAdministrator
from yolk import Next, describe


@permissions.allows(permissions.ADMINISTRATORS)
@describe(errors=(NotAdministrator,))
async def require_administrator(ctx: Context, next: Next) -> None:
    """Refuse whoever is no administrator; the role is read from the database every time."""
    if not await ctx.service.admin.roles.is_administrator(ctx.user.id):
        raise NotAdministrator
    await next()
