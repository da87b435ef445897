"""The rules by which tokens stay valid and sockets stay open. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from services.errors import Disconnected, LoggedOut, NoSuchUser, UserDisabled

MAX_SECONDS = 10**11
"""Larger times since 1970 (beyond the year 5138) are in milliseconds."""


class Standing(Protocol):
    """The columns of a user that decide whether tokens are valid."""

    @property
    def status(self) -> int:
        """0 for a disabled user."""

    @property
    def tokens_after(self) -> int:
        """Tokens without a session that were issued up to this time (ms) are refused."""


def token_refusal(claims: Mapping[str, Any], user: Standing | None) -> Disconnected | None:
    """
    Return why a token is no longer valid, or None. The session and the status are not checked.

    Args:
        claims: of the token.
        user: its user; None if there is none.
    """
    if user is None:
        return NoSuchUser()
    if user.tokens_after and claims.get("sid") is None:
        issued = _issued_at(claims)
        if issued is None or issued <= user.tokens_after:
            return LoggedOut()
    return None


def _issued_at(claims: Mapping[str, Any]) -> float | None:
    """Return when a token was issued, in milliseconds; None if it does not say."""
    issued = claims.get("iat")
    if not isinstance(issued, int | float):
        return None
    # Seconds (RFC 7519, section 4.1.6), but some Egg apps put `Date.now()` there.
    return issued if issued > MAX_SECONDS else issued * 1000


def socket_refusal(
    claims: Mapping[str, Any], user: Standing | None, session_user: int | None
) -> Disconnected | None:
    """
    Return why a socket may not stay open, or None.

    Args:
        claims: of the socket's token.
        user: its user; None if there is none.
        session_user: the user of the token's session, or None if the session was ended.
    """
    refusal = token_refusal(claims, user)
    if refusal is not None:
        return refusal
    if user is not None and not user.status:
        return UserDisabled()
    if claims.get("sid") is not None and session_user != claims["id"]:
        return LoggedOut()
    return None
