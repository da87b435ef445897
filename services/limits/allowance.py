"""What one socket may send before the limits of its user are asked again."""

from __future__ import annotations

from services.limits.token_buckets import TokenBuckets

FRAMES_AT_ONCE = 16
BYTES_AT_ONCE = 16 * 1024


class SocketAllowance:
    """
    Frames and bytes that a socket took from its user's buckets in advance.

    To ask two buckets for every frame would cost more than to decode it. What a socket does not use
    is lost; where the buckets hold no more than that, it takes just what it needs.

    Args:
        frames: the frames of each user.
        sizes: their bytes.
        user_id: the user.
    """

    __slots__ = ("_bytes", "_frames", "_frames_left", "_sizes", "_user_id")

    def __init__(self, frames: TokenBuckets, sizes: TokenBuckets, user_id: int) -> None:
        self._frames = frames
        self._sizes = sizes
        self._user_id = user_id
        self._frames_left = 0
        self._bytes = 0
        """Bytes that are left."""

    def take(self, size: int) -> bool:
        """Return whether the socket may send a frame of *size* bytes now."""
        self._frames_left -= 1
        self._bytes -= size
        return (self._frames_left >= 0 and self._bytes >= 0) or self._take_more()

    def _take_more(self) -> bool:
        if self._frames_left < 0:
            taken = self._take(self._frames, -self._frames_left, FRAMES_AT_ONCE)
            if taken is None:
                return False
            self._frames_left += taken
        if self._bytes < 0:
            taken = self._take(self._sizes, -self._bytes, BYTES_AT_ONCE)
            if taken is None:
                return False
            self._bytes += taken
        return True

    def _take(self, buckets: TokenBuckets, needed: int, more: int) -> int | None:
        for amount in (needed + more, needed):
            if not buckets.take(self._user_id, amount):
                return amount
        return None
