"""The throttle of uploads while messages are being sent or the worker is busy."""

from __future__ import annotations

import asyncio
import time

import pytest

from services.file import throttle
from services.file.throttle import MAX_BYTES_PER_SECOND, UploadThrottle


async def timed(uploads: UploadThrottle) -> float:
    """Return how long three uploads wait for a twentieth of a second's bytes each."""
    began = time.monotonic()
    await asyncio.gather(*(uploads.wait(MAX_BYTES_PER_SECOND // 20) for _ in range(3)))
    return time.monotonic() - began


async def test_uploads_are_throttled_while_messages_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All uploads share one rate after a message, and none is delayed otherwise."""
    monkeypatch.setattr(throttle, "ACTIVE_SECONDS", 0.5)
    uploads = UploadThrottle(lambda: False)
    uploads.message_sent(None)

    limited = await timed(uploads)
    await asyncio.sleep(0.5)
    free = await timed(uploads)

    assert limited >= 0.149
    assert free < limited


async def test_uploads_are_throttled_while_the_worker_is_busy() -> None:
    """Also if no messages are sent."""
    assert await timed(UploadThrottle(lambda: True)) >= 0.149
