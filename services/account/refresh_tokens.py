"""
Refresh tokens, which form a family: each is replaced by a successor that is derived from it.

Only hashes of them are stored, and yet a request that is repeated, or several at once, get the same
successor.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Self

from uuid_utils.compat import UUID

from models import Secret

SECRET_BYTES = 32
TAG_BYTES = 18
LENGTH = 16 + SECRET_BYTES + TAG_BYTES
"""Bytes of a token: the session's id, a secret, and a tag that proves that this server made it."""


class RefreshTokens:
    """
    A maker of refresh tokens.

    The key alone lets nobody log in, because a token is accepted only if its hash is stored: it
    derives successors from tokens that somebody has, and proves that an old token was a real one.

    Args:
        key: the same on every server.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    async def load(cls) -> Self:
        """Return a maker with the key of the database, or create the key."""
        first = {"value": secrets.token_hex(32)}
        secret, _ = await Secret.get_or_create(first, name="account.refresh")
        return cls(bytes.fromhex(secret.value))

    def first(self, session_id: UUID) -> str:
        """Return the first token of a session."""
        return self._token(session_id, secrets.token_bytes(SECRET_BYTES))

    def successor(self, session_id: UUID, token: str) -> str:
        """Return the token that replaces *token*, always the same one."""
        return self._token(session_id, self._mac(b"successor", token.encode()))

    def session_of(self, token: str) -> UUID | None:
        """Return the session of a token that this server made, however old; None for any other."""
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            return None
        body, tag = raw[:-TAG_BYTES], raw[-TAG_BYTES:]
        if len(raw) != LENGTH or not hmac.compare_digest(tag, self._tag(body)):
            return None
        return UUID(bytes=body[:16])

    def _token(self, session_id: UUID, secret: bytes) -> str:
        body = session_id.bytes + secret
        return base64.urlsafe_b64encode(body + self._tag(body)).decode()

    def _tag(self, body: bytes) -> bytes:
        return self._mac(b"tag", body)[:TAG_BYTES]

    def _mac(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\n" + data, hashlib.sha256)
