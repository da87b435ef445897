"""Tickets: short-lived stand-ins for a token in the address of a socket."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from services import Service
from services.account.digest import digest
from services.errors import BadToken


class TicketsService(Service):
    """A service that issues and redeems tickets."""

    async def issue(self, claims: dict[str, Any]) -> str:
        """Return a ticket that opens one socket within `ticket_expires_in` seconds."""
        ticket = secrets.token_urlsafe(24)
        stored = {"id": claims["id"], "sid": claims.get("sid")}
        seconds = self.ctx.app.config.auth.ticket_expires_in
        await self.ctx.app.redis.set(_key(ticket), msgspec.json.encode(stored), ex=seconds)
        return ticket

    async def redeem(self, ticket: str) -> dict[str, Any]:
        """
        Return the claims of a ticket, which cannot be used again.

        Raises:
            BadToken: it is unknown, used or expired.
        """
        stored = await self.ctx.app.redis.getdel(_key(ticket))
        if stored is None:
            raise BadToken
        claims: dict[str, Any] = msgspec.json.decode(stored)
        return claims


def _key(ticket: str) -> str:
    return f"yolk:ticket:{digest(ticket)}"
