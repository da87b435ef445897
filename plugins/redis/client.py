"""The client that the whole application uses: `app.redis`."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff

from .connections import BOUNDED

SCHEMES = ("redis", "rediss", "unix")


class RedisClient(Redis):
    """
    redis-py's asyncio client, bytes in and bytes out.

    It waits for a free connection, at most as long as for an answer, and sends a command again
    when the connection broke, which hides a restart. So a command may be carried out twice, and
    what must not be needs a key of its own. What timed out is not sent again.
    """

    unavailable_errors: ClassVar[tuple[type[Exception], ...]] = (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.OutOfMemoryError,
        exceptions.ReadOnlyError,
        exceptions.ClusterDownError,
        exceptions.TryAgainError,
    )
    """Redis is away, loading, full, or between two masters: the same call may succeed later."""

    _options: dict[str, Any]

    @classmethod
    def open(cls, url: str, **options: Any) -> RedisClient:
        """
        Make a client. Nothing is connected yet.

        Args:
            url: `redis://`, `rediss://` or `unix://`.
            options: of redis-py's connection pool, in place of the defaults here.
        """
        timeout: float | None = options.setdefault("socket_timeout", 5.0)
        options.setdefault("timeout", timeout)
        retries: int = options.pop("retries", 5)
        backoff = ExponentialWithJitterBackoff(base=0.05, cap=1.0)
        retry = Retry(backoff, retries, supported_errors=(exceptions.ConnectionError,))
        pool = BlockingConnectionPool.from_url(url, decode_responses=False, retry=retry, **options)
        pool.connection_class = BOUNDED[pool.connection_class]
        client = cast(RedisClient, cls.from_pool(pool))
        client._options = {**options, "url": url, "retries": retries}
        return client

    def separate(self, **options: Any) -> RedisClient:
        """
        Make another client of the same server with connections of its own.

        A read that blocks for long needs one (`socket_timeout=None`), so that it neither times
        out nor keeps a connection from everybody else. Whoever makes it closes it (`aclose`).

        Args:
            options: of redis-py's connection pool, in place of those of this client.
        """
        merged = {**self._options, **options}
        if "socket_timeout" in options and "timeout" not in options:
            merged.pop("timeout")
        return self.open(**merged)


def show(url: str) -> str:
    """Give *url* as messages may show it, without user and password."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "the address in REDIS_URL"
    return f"{parts.scheme}://{host}{parts.path}"
