"""The rate limit on uploads while messages are being sent."""

from __future__ import annotations

import asyncio
import time

import pytest

from services.file import rate_limiter
from services.file.rate_limiter import BYTES_PER_SECOND, RateLimiter


async def timed(limiter: RateLimiter) -> float:
    """Return how long three uploads wait for a twentieth of a second's bytes each."""
    began = time.monotonic()
    await asyncio.gather(*(limiter.wait(BYTES_PER_SECOND // 20) for _ in range(3)))
    return time.monotonic() - began


async def test_uploads_are_limited_while_messages_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All uploads share one rate after a message, and none is limited otherwise."""
    monkeypatch.setattr(rate_limiter, "ACTIVE_SECONDS", 0.5)
    limiter = RateLimiter()
    limiter.message_sent(None)

    limited = await timed(limiter)
    await asyncio.sleep(0.5)
    free = await timed(limiter)

    assert limited >= 0.149
    assert free < 0.05
