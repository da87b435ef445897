"""Token buckets in the memory of a worker, for what happens too often to ask Redis each time."""

from __future__ import annotations

import math
import time

from limits import parse

MAX_BUCKETS = 10_000
"""The number of buckets from which on those that are full again are removed."""


class TokenBuckets:
    """
    A bucket of tokens for each user of this worker.

    Args:
        rate: a `Rate`, such as "20000/10 seconds": so many tokens are in a full bucket, and so many
            come within that time. An empty text is no limit.
    """

    def __init__(self, rate: str) -> None:
        item = parse(rate) if rate else None
        self._size = float(item.amount) if item else math.inf
        self._per_second = item.amount / item.get_expiry() if item else math.inf
        self._buckets: dict[int, list[float]] = {}
        """User to tokens and when they were counted."""

    def take(self, user_id: int, cost: float = 1) -> int:
        """
        Take tokens, and return 0; or the seconds to wait, if there are too few.

        Args:
            user_id: the user.
            cost: tokens.
        """
        now = time.monotonic()
        bucket = self._buckets.get(user_id)
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._forget(now)
            bucket = self._buckets[user_id] = [self._size, now]
        tokens = min(self._size, bucket[0] + (now - bucket[1]) * self._per_second)
        bucket[1] = now
        if tokens < cost:
            bucket[0] = tokens
            return math.ceil((cost - tokens) / self._per_second)
        bucket[0] = tokens - cost
        return 0

    def _forget(self, now: float) -> None:
        seconds = self._size / self._per_second
        for user_id in [one for one, (_, at) in self._buckets.items() if now - at > seconds]:
            del self._buckets[user_id]
