"""Signed links: whoever has one may read the file until it ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from extend.application import Redis

KEY = "files_link_key"

Variant = Literal["file", "thumbnail"]


class Links:
    """
    Signs links and checks them.

    The key is random and lies in Redis, so that every worker on every machine has the same.

    Args:
        redis: where.
        lasts: seconds for which a link is good at least.
    """

    def __init__(self, redis: Redis, lasts: int) -> None:
        self._redis = redis
        self._lasts = lasts
        self._key = b""

    async def load(self) -> None:
        """Get the key, or make the first one."""
        await self._redis.set(KEY, secrets.token_bytes(32), nx=True)
        key = await self._redis.get(KEY)
        assert isinstance(key, bytes)  # noqa: S101 - it was set just now
        self._key = key

    def sign(self, file_id: str, variant: Variant) -> tuple[str, int]:
        """
        Give what stands behind the `?` of a link, and when it ends, in seconds since 1970.

        For a while it is the same, so that a browser finds in its cache what it has seen.
        """
        half = max(self._lasts // 2, 1)
        ends = (int(time.time()) // half + 1) * half + self._lasts
        return f"expires={ends}&signature={self._signature(file_id, variant, str(ends))}", ends

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
