"""The throttle of uploads, which keeps messages fast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

MAX_BYTES_PER_SECOND = 8 * 1024 * 1024
"""The largest rate of all uploads of a worker together, while messages are being sent."""
ACTIVE_SECONDS = 1.0
"""How long uploads are throttled after a message."""


class UploadThrottle:
    """
    A throttle that delays uploads while messages are being sent or the worker is busy.

    Without it messages take several times as long beside uploads: `make bench BENCH=uploads`.

    Args:
        is_busy: whether the worker is.
    """

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        self._is_busy = is_busy
        self._free_at = 0.0
        """The time from which on the bytes received so far are within the rate."""
        self._last_message = -ACTIVE_SECONDS

    def message_sent(self, _: object) -> None:
        """Throttle uploads for the next moments: a message was sent."""
        self._last_message = time.monotonic()

    async def wait(self, size: int) -> None:
        """Wait until *size* more bytes are within the rate."""
        now = time.monotonic()
        if now - self._last_message > ACTIVE_SECONDS and not self._is_busy():
            self._free_at = now
            return
        self._free_at = max(self._free_at, now) + size / MAX_BYTES_PER_SECOND
        await asyncio.sleep(self._free_at - now)
