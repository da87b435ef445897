"""Signing and checking."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt

from .keys import JwtSettings, Keys
from .quick import QuickCheck

LARGEST_ID = 2**63 - 1


class Tokens:
    """Signs and checks tokens with one algorithm, so that a token cannot choose its own."""

    def __init__(self, settings: JwtSettings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        hs256 = settings.algorithm == "HS256"
        self._quick = QuickCheck(keys.checking, settings.leeway) if hs256 else None

    @property
    def expires_in(self) -> int:
        """How long a new token is good, in seconds."""
        return self._settings.expires_in

    def sign(self, claims: Mapping[str, Any], expires_in: int | None = None) -> str:
        """
        Make a token.

        Args:
            claims: what it says; `iat` and `exp` are added.
            expires_in: seconds until it expires; by default as the settings say.

        Raises:
            RuntimeError: there is no key to sign with.
        """
        if self._keys.signing is None:
            raise RuntimeError("tokens are only checked here: jwt.private_key is not set")
        now = int(time.time())
        lifetime = self._settings.expires_in if expires_in is None else expires_in
        return jwt.encode(
            {**claims, "iat": now, "exp": now + lifetime},
            self._keys.signing,
            algorithm=self._settings.algorithm,
        )

    def verify(self, token: str | None) -> dict[str, Any]:
        """
        Give the claims of *token*.

        `id` may be a number or digits, as Egg applications make it; it is given as an integer.

        Raises:
            jwt.ExpiredSignatureError: it was good once.
            jwt.InvalidTokenError: there is none, or it is none of ours.
        """
        if not token:
            raise jwt.InvalidTokenError("there is no token")
        claims = (self._quick and self._quick.claims(token)) or self._decode(token)
        claims["id"] = _user_id(claims.get("id"))
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            self._keys.checking,
            algorithms=[self._settings.algorithm],
            leeway=self._settings.leeway,
            # `sub` and `aud` are the application's own; PyJWT would insist on their form.
            options={"verify_sub": False, "verify_aud": False},
        )
        return claims


def _user_id(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_ID:
        raise jwt.InvalidTokenError("the token names no user id")
    return value
