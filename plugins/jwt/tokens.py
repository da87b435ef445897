"""Sign and verify JSON Web Tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import jwt
from jwt.types import Options

from .keys import JwtSettings, Keys

MAX_USER_ID = 2**63 - 1
UNCHECKED_CLAIMS: Options = {
    "verify_iat": False,
    "verify_jti": False,
    "verify_sub": False,
    "verify_aud": False,
    "verify_iss": False,
}
MAX_CACHED_TOKENS = 1024
CACHE_SECONDS = 5.0
"""How long a verified token is returned from the cache, unless it expires earlier."""


class _Verified(NamedTuple):
    claims: dict[str, Any]
    until: float
    """On the monotonic clock."""
    expires: float
    """On the wall clock: `exp` plus the leeway, as PyJWT checks it."""


class Tokens:
    """
    A signer and verifier with one algorithm, so that a token cannot choose its own.

    Only PyJWT decides whether a token is valid. What it accepted is cached for a few seconds,
    because one client often sends several requests with the same token. The cache belongs to this
    object and its keys.
    """

    def __init__(self, settings: JwtSettings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        self._verified: dict[str, _Verified] = {}
        """Verified tokens, the oldest first."""

    @property
    def expires_in(self) -> int:
        """The lifetime of a new token, in seconds."""
        return self._settings.expires_in

    def sign(self, claims: Mapping[str, Any], expires_in: int | None = None) -> str:
        """
        Return a new token.

        Args:
            claims: its claims; `iat` and `exp` are added.
            expires_in: its lifetime in seconds; by default the setting `expires_in`.

        Raises:
            RuntimeError: there is no key to sign with.
        """
        if self._keys.signing is None:
            raise RuntimeError("tokens are only verified here: jwt.private_key is not set")
        now = int(time.time())
        lifetime = self._settings.expires_in if expires_in is None else expires_in
        return jwt.encode(
            {**claims, "iat": now, "exp": now + lifetime},
            self._keys.signing,
            algorithm=self._settings.algorithm,
        )

    def verify(self, token: str | None) -> dict[str, Any]:
        """
        Return the claims of *token*.

        `id` may be a number or a string of digits, as Egg applications make it; it is returned as
        an integer.

        Raises:
            jwt.ExpiredSignatureError: the token has expired.
            jwt.InvalidTokenError: the token is missing or invalid.
        """
        if not token:
            raise jwt.InvalidTokenError("there is no token")
        found = self._verified.get(token)
        if found is None or time.monotonic() >= found.until or time.time() >= found.expires:
            found = self._verify(token)
        return found.claims.copy()

    def expires_at(self, claims: Mapping[str, Any]) -> float | None:
        """Return when a token with *claims* expires, in seconds since 1970; None for never."""
        expires = claims.get("exp")
        return None if expires is None else int(expires) + self._settings.leeway

    def _verify(self, token: str) -> _Verified:
        self._verified.pop(token, None)
        claims: dict[str, Any] = jwt.decode(
            token,
            self._keys.checking,
            algorithms=[self._settings.algorithm],
            leeway=self._settings.leeway,
            # These belong to the application, and Egg's jsonwebtoken does not look at them; PyJWT
            # would insist on their form, and refuse a token from a machine whose clock is ahead.
            options=UNCHECKED_CLAIMS,
        )
        claims["id"] = _user_id(claims.get("id"))
        expires = self.expires_at(claims)
        until = time.monotonic() + CACHE_SECONDS
        verified = _Verified(claims, until, float("inf") if expires is None else expires)
        while len(self._verified) >= MAX_CACHED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = verified
        return verified


def _user_id(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_USER_ID:
        raise jwt.InvalidTokenError("the token names no user id")
    return value
