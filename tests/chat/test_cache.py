"""The cache, on a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest
from redis.asyncio import Redis

from extend.context import Context
from services.cache import CacheService
from tests.rows import valkey_socket
from yolk.testing import Server


@pytest.fixture
async def redis(server: Server) -> AsyncIterator[Redis]:
    """Return a client of the chat's own Valkey."""
    client = Redis(unix_socket_path=valkey_socket(server))
    yield client
    await client.aclose()


@pytest.fixture
def cache(redis: Redis) -> CacheService:
    """Return the service, as a controller has it."""
    # All that it needs of a context is the application's Redis.
    return CacheService(cast(Context, SimpleNamespace(app=SimpleNamespace(redis=redis))))


async def test_get_returns_what_was_set(cache: CacheService) -> None:
    """Any value that JSON can represent is returned until it is removed; then None is."""
    value = {"name": "Ada", "numbers": [1, 2.5, None, True], "中": "文"}
    await cache.set("cache-test", value)

    assert await cache.get("cache-test") == value
    assert await cache.remove("cache-test")
    assert await cache.get("cache-test") is None
    assert not await cache.remove("cache-test")


async def test_a_value_can_expire(cache: CacheService, redis: Redis) -> None:
    """With `expire` the key expires after so many seconds; without it, it never does."""
    await cache.set("cache-test", 1, expire=100)
    assert 0 < await redis.ttl("cache-test") <= 100

    await cache.set("cache-test", 1)
    assert await redis.ttl("cache-test") == -1
    await cache.remove("cache-test")


async def test_a_list_keeps_its_order(cache: CacheService) -> None:
    """Pushed values are appended; a missing list is empty."""
    assert await cache.get_list("cache-list") == []

    assert await cache.push("cache-list", {"first": 1}) == 1
    assert await cache.push("cache-list", "second") == 2

    assert await cache.get_list("cache-list") == [{"first": 1}, "second"]
    await cache.remove("cache-list")


async def test_an_egg_application_reads_the_same_keys(cache: CacheService, redis: Redis) -> None:
    """Values are stored as JSON.stringify writes them."""
    await cache.set("cache-test", {"a": [1, "x"]})
    assert await redis.get("cache-test") == b'{"a":[1,"x"]}'

    await redis.set("cache-test", '{"from": "egg"}')
    assert await cache.get("cache-test") == {"from": "egg"}
    await cache.remove("cache-test")
