"""Tickets: short-lived stand-ins for a token in the address of a socket."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from services import Service
from services.account.digest import digest
from services.errors import BadToken, TokenExpired

_KEPT = ("id", "sid", "gen", "iat", "exp")
"""The claims of a token that its ticket keeps."""


class TicketsService(Service):
    """A service that issues and redeems tickets."""

    async def issue(self, claims: dict[str, Any]) -> str:
        """Return a ticket that opens one socket within `ticket_expires_in` seconds."""
        ticket = secrets.token_urlsafe(24)
        stored = {name: claims[name] for name in _KEPT if name in claims}
        seconds = self.ctx.app.config.auth.ticket_expires_in
        await self.ctx.app.redis.set(_key(ticket), msgspec.json.encode(stored), ex=seconds)
        return ticket

    async def redeem(self, ticket: str) -> dict[str, Any]:
        """
        Return the claims of a ticket, which cannot be used again.

        Raises:
            BadToken: it is unknown, used or expired.
            TokenExpired: the token that it stands for has expired meanwhile.
        """
        stored = await self.ctx.app.redis.getdel(_key(ticket))
        if stored is None:
            raise BadToken
        claims: dict[str, Any] = msgspec.json.decode(stored)
        if self.ctx.app.token_expiry.seconds_left(claims) == 0:
            raise TokenExpired
        return claims


def _key(ticket: str) -> str:
    return f"yolk:ticket:{digest(ticket)}"
