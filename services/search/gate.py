"""How many search at a time: a search for a common word reads many rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.errors import Busy

AT_ONCE = 2
"""Searches of one worker that the database works on."""
WAITING = 64
"""Searches that wait for one of these to end."""


class Gate:
    """
    Lets few in at a time, in the order in which they came, so that the rest of the chat goes on.

    Args:
        at_once: how many.
        waiting: how many may wait; the next one is refused.
    """

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._room = at_once + waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """
        Wait for one's turn, and have it for the block.

        Raises:
            Busy: too many are waiting.
        """
        if self._room == 0:
            raise Busy
        self._room -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._room += 1
