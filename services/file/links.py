"""Signed links: whoever has one may read the file until it ends."""

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
    Signs links and checks them.

    Args:
        key: what they are signed with: the same on every server.
        lasts: seconds for which a link is good at least.
    """

    def __init__(self, key: bytes, lasts: int) -> None:
        self._key = key
        self._lasts = lasts

    @classmethod
    async def load(cls, lasts: int) -> Self:
        """Take the key from the database, or make the first one."""
        first = {"value": secrets.token_hex(32)}
        secret, _ = await Secret.get_or_create(first, name="files.links")
        return cls(bytes.fromhex(secret.value), lasts)

    def ends(self) -> int:
        """
        Say when a link that is signed now ends, in seconds since 1970.

        For a while that is the same, so that a browser finds in its cache what it has seen.
        """
        half = max(self._lasts // 2, 1)
        return (int(time.time()) // half + 1) * half + self._lasts

    def sign(self, file_id: str, variant: Variant, ends: int) -> str:
        """Give what stands behind the `?` of a link that is good until *ends*."""
        return f"expires={ends}&signature={self._signature(file_id, variant, str(ends))}"

    def check(self, file_id: str, variant: Variant, expires: str, signature: str) -> bool:
        """Tell whether a link is ours and has not ended."""
        if not (expires.isascii() and expires.isdigit()) or len(expires) > 12:
            return False
        expected = self._signature(file_id, variant, expires)
        good = hmac.compare_digest(expected.encode(), signature.encode())
        return good and int(expires) > time.time()

    def _signature(self, file_id: str, variant: Variant, expires: str) -> str:
        text = f"{variant}\n{file_id}\n{expires}".encode()
        digest = hmac.new(self._key, text, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
