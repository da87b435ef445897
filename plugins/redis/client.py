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
    redis-py's asyncio client; replies are bytes.

    A command waits for a free connection, at most as long as for an answer. It is sent again when
    its connection broke, so that a restart of the server goes unnoticed. A command may therefore
    be executed twice: use keys of its own where that matters. A timeout is not retried.
    """

    unavailable_errors: ClassVar[tuple[type[Exception], ...]] = (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.OutOfMemoryError,
        exceptions.ReadOnlyError,
        exceptions.ClusterDownError,
        exceptions.TryAgainError,
    )
    """Redis is unavailable, loading, full, or failing over: the same call may succeed later."""

    _options: dict[str, Any]

    @classmethod
    def open(cls, url: str, **options: Any) -> RedisClient:
        """
        Return a client that is not connected yet.

        Args:
            url: `redis://`, `rediss://` or `unix://`.
            options: options of redis-py's connection pool, which override the defaults here.
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
        Return another client of the same server, with a connection pool of its own.

        A long blocking read needs one (`socket_timeout=None`), so that it neither times out nor
        occupies a shared connection. The caller closes it (`aclose`).

        Args:
            options: options of redis-py's connection pool, which override those of this client.
        """
        merged = {**self._options, **options}
        if "socket_timeout" in options and "timeout" not in options:
            merged.pop("timeout")
        return self.open(**merged)


def show(url: str) -> str:
    """Return *url* without user and password, for messages."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "the URL in REDIS_URL"
    return f"{parts.scheme}://{host}{parts.path}"
