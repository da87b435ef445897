"""Rates such as "10/minute", counted in Redis for all workers together."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import msgspec
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from services.errors import Limited
from services.redis import Redis

KEY_PREFIX = "yolk:limit"
REDIS_TIMEOUT_SECONDS = 1.0
"""Seconds for Redis to answer, before this worker counts by itself."""
REDIS_PAUSE_SECONDS = 2.0
"""Seconds for which it then does not ask Redis again."""

_ONE = r"[1-9]\d{0,8}/([1-9]\d{0,4} )?(second|minute|hour|day)s?"
Rate = Annotated[str, msgspec.Meta(pattern=rf"^({_ONE}(; ?{_ONE})*)?\Z")]
"""One or several rates, all of which hold: "10/minute" or "10/5 minutes; 100/day". An empty text is
no limit."""

OneRate = Annotated[str, msgspec.Meta(pattern=rf"^({_ONE})?\Z")]
"""One rate; an empty text is no limit."""


class RateLimiter:
    """
    A limiter that counts in Redis, and in this worker's memory while Redis is unavailable.

    The window slides; what is refused is not counted.

    Args:
        redis: the client of the application.
        logger: for outages.
    """

    def __init__(self, redis: Redis, logger: logging.Logger) -> None:
        storage = RedisStorage(
            "async+redis://",  # not used: the connections are the application's
            implementation="redispy",
            key_prefix=KEY_PREFIX,
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # its stubs are narrow
        )
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._unavailable: tuple[type[BaseException], ...] = (
            *redis.unavailable_errors,
            ConnectionError,
            TimeoutError,
        )
        self._logger = logger
        self._paused_until = 0.0

    async def take(
        self, rate: str, kind: str, key: object, error: Callable[[int], Limited], cost: int = 1
    ) -> None:
        """
        Count what *key* does now.

        Args:
            rate: a `Rate`.
            kind: what is counted, such as "login"; each kind is counted by itself.
            key: who does it: a user's id, an address.
            error: makes the error from the seconds to wait.
            cost: how much it counts; more than a rate allows at all is always refused.

        Raises:
            Limited: it is too much.
        """
        for item in _items(rate):
            identifiers = (kind, str(key))
            if not await self._hit(item, identifiers, cost):
                raise error(await self._seconds_left(item, identifiers))

    async def clear(self, rate: str, kind: str, key: object) -> None:
        """Reset the counts of *key*."""
        for item in _items(rate):
            await self._own.clear(item, kind, str(key))
            if not self._is_paused():
                try:
                    async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                        await self._shared.clear(item, kind, str(key))
                except self._unavailable as error:
                    self._pause(error)

    async def _hit(self, item: RateLimitItem, identifiers: tuple[str, str], cost: int) -> bool:
        if not self._is_paused():
            try:
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    return await self._shared.hit(item, *identifiers, cost=cost)
            except self._unavailable as error:
                self._pause(error)
        return await self._own.hit(item, *identifiers, cost=cost)

    async def _seconds_left(self, item: RateLimitItem, identifiers: tuple[str, str]) -> int:
        limiter = self._own if self._is_paused() else self._shared
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                stats = await limiter.get_window_stats(item, *identifiers)
        except self._unavailable:
            return 1
        return max(1, min(math.ceil(stats.reset_time - time.time()), item.get_expiry()))

    def _is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self, error: BaseException) -> None:
        self._logger.warning("limits: Redis is unavailable (%r); this worker counts alone", error)
        self._paused_until = time.monotonic() + REDIS_PAUSE_SECONDS


@lru_cache(maxsize=256)
def _items(rate: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(rate)) if rate else ()
