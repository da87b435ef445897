"""Waiting a moment for a batch to fill."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sized


async def linger(
    waiting: Sized,
    max_batch: int,
    *,
    quiet_turns: int = 3,
    max_turns: float = math.inf,
    max_seconds: float = 0.002,
) -> None:
    """
    Wait until *waiting* has stopped growing.

    What arrives at once reaches the queue over several turns of the event loop. Each batch has a
    cost of its own, so waiting for a few turns, of some microseconds, makes fewer and larger ones.

    Args:
        waiting: the queue.
        max_batch: return as soon as so many wait.
        quiet_turns: return after so many turns in a row in which nothing was added. A request
            takes three turns from its bytes to what it wants stored.
        max_turns: return after so many turns at the latest.
        max_seconds: return after so many seconds at the latest.
    """
    end = time.perf_counter() + max_seconds
    turns = quiet = 0
    while (
        quiet < quiet_turns
        and turns < max_turns
        and len(waiting) < max_batch
        and time.perf_counter() < end
    ):
        before = len(waiting)
        await asyncio.sleep(0)
        quiet = quiet + 1 if len(waiting) == before else 0
        turns += 1
