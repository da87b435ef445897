"""The rate limit on uploads, which keeps messages fast."""

from __future__ import annotations

import asyncio
import time

BYTES_PER_SECOND = 8 * 1024 * 1024
"""The largest rate of all uploads of a worker together, while messages are being sent."""
ACTIVE_SECONDS = 1.0
"""How long the limit lasts after a message."""


class RateLimiter:
    """A limiter that delays uploads while messages are being sent, and not otherwise."""

    def __init__(self) -> None:
        self._free_at = 0.0
        """The time from which on the bytes received so far are within the rate."""
        self._last_message = -ACTIVE_SECONDS

    def message_sent(self, _: object) -> None:
        """Limit the rate for the next moments: a message was sent."""
        self._last_message = time.monotonic()

    async def wait(self, size: int) -> None:
        """Wait until *size* more bytes are within the rate."""
        now = time.monotonic()
        if now - self._last_message > ACTIVE_SECONDS:
            self._free_at = now
            return
        self._free_at = max(self._free_at, now) + size / BYTES_PER_SECOND
        await asyncio.sleep(self._free_at - now)
