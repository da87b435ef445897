"""A worker that is alone spares itself the way to Redis, and is alone no longer in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from plugins.websocket.backplane.publisher import NO_OTHERS_TTL

WAIT = 8
INTERVAL = 0.002
"""Seconds between two messages."""


def serve(app: Any) -> None:
    """One route: a room."""

    async def room(ctx: Any) -> None:
        await ctx.websocket.room.join("a")
        ctx.websocket.send("in")

    app.ws.route("/room", room)


class Talker:
    """Sends numbers into the room, one after the other."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self.last = -1

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._talk())
        try:
            yield
        finally:
            task.cancel()

    async def _talk(self) -> None:
        while True:
            self.last += 1
            self._worker.ws.send_to("a", str(self.last))
            await asyncio.sleep(INTERVAL)


async def calls(valkey: Redis) -> int:
    """Count the scripts that were run so far."""
    return int((await valkey.info("commandstats"))["cmdstat_evalsha"]["calls"])


async def test_who_is_alone_hardly_tells_redis(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """It asks whether it is still alone, some times a second, and sends its own sockets all."""
    worker = await workers.start(serve, redis=valkey_server.url)
    talker = Talker(worker)
    async with worker.client("/room") as client:
        assert await client.recv() == "in"
        before = await calls(valkey)
        async with talker.talking():
            numbers = [int(await client.recv()) for _ in range(300)]

    assert numbers == list(range(numbers[0], numbers[0] + 300))
    assert 0 < await calls(valkey) - before < 30


@pytest.mark.parametrize("turn", range(3))
async def test_a_newcomer_hears_everything_from_its_first_socket_on(
    workers: Any, valkey: Redis, valkey_server: Any, turn: int
) -> None:
    """Whatever is sent after a socket is registered reaches it, from one that was alone before."""
    one = await workers.start(serve, redis=valkey_server.url)
    talker = Talker(one)
    async with talker.talking():
        await asyncio.sleep(0.1 * (turn + 1))  # at another point of the time it is sure of
        two = await workers.start(serve, redis=valkey_server.url)
        async with two.client("/room") as client:
            while await client.recv() != "in":
                pass  # it is in the room a moment before it hears so
            registered = talker.last
            numbers = [int(await client.recv()) for _ in range(200)]

    assert numbers[0] <= registered + 1
    assert numbers == list(range(numbers[0], numbers[0] + 200))


async def test_who_was_left_alone_notices(workers: Any, valkey: Redis, valkey_server: Any) -> None:
    """When the other worker stops, messages stop going to Redis; the next one gets its own."""
    one = await workers.start(serve, redis=valkey_server.url)
    for _ in range(2):
        two = await workers.start(serve, redis=valkey_server.url)
        async with two.client("/room") as client:
            assert await client.recv() == "in"
            one.ws.send_to("a", "to two")
            assert await asyncio.wait_for(client.recv(), WAIT) == "to two"
        await two.stop()
        await asyncio.sleep(NO_OTHERS_TTL)
        one.ws.send_to("a", "asks")
        await asyncio.sleep(NO_OTHERS_TTL / 2)
        before = await calls(valkey)
        one.ws.send_to("a", "to nobody")
        await asyncio.sleep(NO_OTHERS_TTL / 4)
        assert await calls(valkey) == before
