"""A single worker hardly calls Redis, and notices in time that it is no longer single."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from plugins.websocket.backplane.publisher import NO_OTHERS_SECONDS

WAIT = 8
RARELY_RENEWED = {"lease": 60}
"""Settings for a worker whose maintenance makes no calls during the test."""
INTERVAL = 0.002
"""Seconds between two messages."""


def serve(app: Any) -> None:
    """Mount one route, whose sockets join a room."""

    async def room(ctx: Any) -> None:
        await ctx.websocket.room.join("a")
        ctx.websocket.send("in")

    app.ws.route("/room", room)


class Sender:
    """Sends numbers to the room, one after the other."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self.last = -1

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._send_all())
        try:
            yield
        finally:
            task.cancel()

    async def _send_all(self) -> None:
        while True:
            self.last += 1
            self._worker.ws.send_to("a", str(self.last))
            await asyncio.sleep(INTERVAL)


async def calls(valkey: Redis) -> int:
    """Return how many scripts were run so far."""
    return int((await valkey.info("commandstats"))["cmdstat_evalsha"]["calls"])


async def test_a_single_worker_hardly_calls_redis(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """It asks a few times a second for other workers; its own sockets get every message."""
    worker = await workers.start(serve, redis=valkey_server.url)
    sender = Sender(worker)
    async with worker.client("/room") as client:
        assert await client.recv() == "in"
        before = await calls(valkey)
        async with sender.sending():
            numbers = [int(await client.recv()) for _ in range(300)]

    assert numbers == list(range(numbers[0], numbers[0] + 300))
    assert 0 < await calls(valkey) - before < 30


@pytest.mark.parametrize("turn", range(3))
async def test_a_new_worker_misses_nothing_from_its_first_socket_on(
    workers: Any, valkey: Redis, valkey_server: Any, turn: int
) -> None:
    """What a worker that was single sends after a socket is registered reaches that socket."""
    one = await workers.start(serve, redis=valkey_server.url)
    sender = Sender(one)
    async with sender.sending():
        await asyncio.sleep(0.1 * (turn + 1))  # at another moment of NO_OTHERS_SECONDS
        two = await workers.start(serve, redis=valkey_server.url)
        async with two.client("/room") as client:
            while await client.recv() != "in":
                pass  # it is in the room a moment before it is notified
            registered = sender.last
            numbers = [int(await client.recv()) for _ in range(200)]

    assert numbers[0] <= registered + 1
    assert numbers == list(range(numbers[0], numbers[0] + 200))


async def test_a_worker_notices_that_the_others_stopped(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Then it sends nothing to Redis any more, until another worker starts."""
    one = await workers.start(serve, redis=valkey_server.url, **RARELY_RENEWED)
    for _ in range(2):
        two = await workers.start(serve, redis=valkey_server.url, **RARELY_RENEWED)
        async with two.client("/room") as client:
            assert await client.recv() == "in"
            one.ws.send_to("a", "to two")
            assert await asyncio.wait_for(client.recv(), WAIT) == "to two"
        await two.stop()
        await asyncio.sleep(NO_OTHERS_SECONDS)
        one.ws.send_to("a", "asks")
        await asyncio.sleep(NO_OTHERS_SECONDS / 2)
        # On a busy machine its question whether there are others may still be on its way.
        for _ in range(20):
            before = await calls(valkey)
            one.ws.send_to("a", "to nobody")
            await asyncio.sleep(NO_OTHERS_SECONDS / 4)
            if await calls(valkey) == before:
                break
        else:
            pytest.fail("it still sends to Redis")
