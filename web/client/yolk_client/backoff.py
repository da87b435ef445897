"""How long to wait after a failure."""

from __future__ import annotations

import random
from typing import NamedTuple


class Backoff(NamedTuple):
    """An exponential backoff: the shortest and the longest wait, in seconds."""

    shortest: float
    longest: float

    def delay(self, failures: int) -> float:
        """Return the wait after so many failures in a row."""
        return min(self.longest, self.shortest * 2.0 ** min(failures, 30))

    def jittered(self, failures: int) -> float:
        """Return half to all of the wait, so that a thousand clients do not return at once."""
        chance = random.uniform(0.5, 1)  # noqa: S311 - no secret
        return max(self.shortest, self.delay(failures) * chance)
