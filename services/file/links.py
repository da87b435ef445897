"""Signed links: anyone who has one may read the file until it expires."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import Literal, Self

from models import Secret

Variant = Literal["file", "thumbnail"]


class Links:
    """
    A signer of links.

    Args:
        key: the secret key, the same on every server.
        min_seconds: the minimum lifetime of a link.
    """

    def __init__(self, key: bytes, min_seconds: int) -> None:
        self._key = key
        self._min_seconds = min_seconds

    @classmethod
    async def load(cls, min_seconds: int) -> Self:
        """Load the key from the database, or create it."""
        first = {"value": secrets.token_hex(32)}
        secret, _ = await Secret.get_or_create(first, name="files.links")
        return cls(bytes.fromhex(secret.value), min_seconds)

    def expiry(self) -> int:
        """
        Return the expiry of a link that is signed now, in seconds since 1970.

        It stays the same for a while, so that browsers find the file in their cache.
        """
        half = max(self._min_seconds // 2, 1)
        return (int(time.time()) // half + 1) * half + self._min_seconds

    def sign(self, file_id: str, variant: Variant, expires: int) -> str:
        """Return the query string of a link that expires at *expires*."""
        return f"expires={expires}&signature={self._signature(file_id, variant, str(expires))}"

    def check(self, file_id: str, variant: Variant, expires: str, signature: str) -> bool:
        """Return whether a signature is valid and has not expired."""
        if not (expires.isascii() and expires.isdigit()) or len(expires) > 12:
            return False
        expected = self._signature(file_id, variant, expires)
        valid = hmac.compare_digest(expected.encode(), signature.encode())
        return valid and int(expires) > time.time()

    def _signature(self, file_id: str, variant: Variant, expires: str) -> str:
        text = f"{variant}\n{file_id}\n{expires}".encode()
        digest = hmac.new(self._key, text, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
