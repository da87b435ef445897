"""How fast uploads may be, so that messages stay fast."""

from __future__ import annotations

import asyncio
import time

MESSAGES = 1.0
"""Seconds after a message in which messages go first. Where nobody writes, nothing is held back."""
PROMPT = 0.001
"""Seconds within which a loop that is not too busy comes back to what is ready."""
SLOWER = 0.95
FASTER = 1.005
"""What the rate changes by, when the loop was late and when it was not: about one time in ten it
may be."""
SLOWEST = 4 * 2**20
FASTEST = 2**31
BEGIN = 32 * 2**20
"""Bytes a second, of all uploads of a worker together."""


class Pace:
    """
    Holds the uploads of one worker to a rate that its event loop bears.

    The rate follows from how late the loop comes back to what a thread has done: nothing else tells
    what a machine can do, and what else it does.
    """

    def __init__(self) -> None:
        self._rate = float(BEGIN)
        self._next = 0.0
        self._message = -MESSAGES

    def noticed(self, _: object) -> None:
        """Take note that there are messages."""
        self._message = time.perf_counter()

    async def keep(self, size: int, ready: float) -> None:
        """
        Wait until it is the turn of the next bytes.

        Args:
            size: how many there were just now.
            ready: when they were written, by the clock `time.perf_counter`.
        """
        now = time.perf_counter()
        if now - self._message > MESSAGES:
            self._rate, self._next = BEGIN, now
            return
        change = SLOWER if now - ready > PROMPT else FASTER
        self._rate = min(max(self._rate * change, SLOWEST), FASTEST)
        self._next = max(self._next, now) + size / self._rate
        await asyncio.sleep(self._next - now)
