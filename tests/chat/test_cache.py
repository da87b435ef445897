"""The seed's cache, on a real Valkey."""

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
    """Give a client of the chat's own Valkey."""
    client = Redis(unix_socket_path=valkey_socket(server))
    yield client
    await client.aclose()


@pytest.fixture
def cache(redis: Redis) -> CacheService:
    """Give the service, as a controller has it."""
    # All that it needs of a context is the application's Redis.
    return CacheService(cast(Context, SimpleNamespace(app=SimpleNamespace(redis=redis))))


async def test_what_is_set_is_got_until_it_is_removed(cache: CacheService) -> None:
    """Any value that JSON holds comes back as it was; what is not there is None."""
    value = {"name": "Ada", "numbers": [1, 2.5, None, True], "中": "文"}
    await cache.set("cache-test", value)

    assert await cache.get("cache-test") == value
    assert await cache.remove("cache-test")
    assert await cache.get("cache-test") is None
    assert not await cache.remove("cache-test")


async def test_a_value_may_have_an_end(cache: CacheService, redis: Redis) -> None:
    """With a limit the key is forgotten after so many seconds; without one it stays."""
    await cache.set("cache-test", 1, expire=100)
    assert 0 < await redis.ttl("cache-test") <= 100

    await cache.set("cache-test", 1)
    assert await redis.ttl("cache-test") == -1
    await cache.remove("cache-test")


async def test_a_list_keeps_its_order(cache: CacheService) -> None:
    """What is pushed is appended; a list that is not there is empty."""
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
