"""The type of `app.redis`."""

from __future__ import annotations

from redis.asyncio import Redis as AsyncRedis


class Redis(AsyncRedis):
    """The client that the plugin `redis` provides."""

    unavailable_errors: tuple[type[BaseException], ...]
    """Errors that mean that Redis is unavailable: the same call may succeed later."""
