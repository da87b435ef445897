"""Turns of the event loop: what comes at once comes over several of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sized

MOST = 16
"""Turns; each is some microseconds where there is little to do."""


async def let_arrive(waiting: Sized) -> None:
    """
    Return when a turn of the loop added nothing to *waiting*, or after `MOST` turns.

    Who is about to fetch something for all that wait fetches it for more of them at a time, when
    thousands come back at once. Who comes alone hardly waits.
    """
    before = 0
    for _ in range(MOST):
        if len(waiting) == before:
            return
        before = len(waiting)
        await asyncio.sleep(0)
