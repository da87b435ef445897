"""How long to wait after a failure."""

from __future__ import annotations

import random
from typing import NamedTuple

MAX_RETRY_AFTER = 300.0
"""The longest wait, in seconds, that a server can ask for."""


class Backoff(NamedTuple):
    """An exponential backoff: the shortest and the longest wait, in seconds."""

    shortest: float
    longest: float

    def delay(self, failures: int) -> float:
        """Return the wait after so many failures in a row."""
        return min(self.longest, self.shortest * 2.0 ** min(failures, 30))

    def jittered(self, failures: int, retry_after: float = 0) -> float:
        """
        Return a wait with a random part, so that a thousand clients do not return at once.

        Args:
            failures: so many in a row: half to all of the wait after them.
            retry_after: the seconds that the server asks for: once to twice as many.
        """
        chance = random.uniform(0.5, 1)  # noqa: S311 - no secret
        wait = max(self.delay(failures), min(retry_after, MAX_RETRY_AFTER) * 2)
        return max(self.shortest, wait * chance)
