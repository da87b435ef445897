"""Several workers over a real Valkey: rooms, users, presence, and failures of Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from yolk import CloseNotice

WAIT = 8
QUICK = {"lease": 0.6, "redis_timeout": 1.0}


def serve(app: Any) -> None:
    """Mount two routes: for a room, and for a user."""

    async def room(ctx: Any) -> None:
        await ctx.websocket.room.join(ctx.params.name)
        ctx.websocket.send("in")

    async def user(ctx: Any) -> None:
        ctx.websocket.session = ctx.query.session
        try:
            await ctx.app.ws.online(ctx.websocket, int(ctx.params.id), CloseNotice("bye", 4503))
        except OSError:
            ctx.websocket.close(4002)
            return
        ctx.websocket.send("in")

    app.ws.route("/room/:name", room)
    app.ws.route("/user/:id", user)


async def until(check: Callable[[], Awaitable[Any]]) -> None:
    """Poll *check* until it is true."""
    async with asyncio.timeout(WAIT):
        while not await check():
            await asyncio.sleep(0.01)


async def key(valkey: Redis, user_id: int) -> Any:
    """Return the user's key as Egg apps see it."""
    return await valkey.get(f"online_{user_id}")


async def test_a_room_spans_workers_and_keeps_binary_and_order(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Every member gets every message once, in the order in which it was sent."""
    one = await workers.start(serve, redis=valkey_server.url)
    two = await workers.start(serve, redis=valkey_server.url)
    async with one.client("/room/a") as here, two.client("/room/a") as there:
        assert [await here.recv(), await there.recv()] == ["in", "in"]

        for number in range(300):
            one.ws.send_to("a", b"\x00\xff%d" % number)

        for client in (here, there):
            got = [await client.recv() for _ in range(300)]
            assert got == [b"\x00\xff%d" % number for number in range(300)]


async def test_a_handler_given_at_join_gets_the_message(workers: Any) -> None:
    """It replaces the default, which sends the message to the socket."""
    got: asyncio.Queue[Any] = asyncio.Queue()

    async def connect(ctx: Any) -> None:
        await ctx.websocket.room.join(["a", "b"], got.put_nowait)
        ctx.websocket.send("in")

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    async with worker.client() as client:
        await client.recv()
        worker.ws.send_json_to("b", {"x": 1})
        assert await asyncio.wait_for(got.get(), WAIT) == {"room": "b", "message": '{"x":1}'}


async def test_a_close_removes_only_its_own_socket(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """The close of a device leaves another one online, on the same or another worker."""
    one = await workers.start(serve, redis=valkey_server.url)
    two = await workers.start(serve, redis=valkey_server.url)
    events: list[str] = []
    for worker in (one, two):
        worker.ws.on("online", lambda user_id: events.append(f"+{user_id}"))
        worker.ws.on("offline", lambda user_id: events.append(f"-{user_id}"))
    async with one.client("/user/7") as new:
        await new.recv()
        async with two.client("/user/7") as old:
            await old.recv()
        await until(lambda: _is(not two.ws.users))
        assert await two.ws.is_online([7, 8]) == {7}
        assert await key(valkey, 7)
        one.ws.send_to_user(7, "still")
        assert await new.recv() == "still"
    await until(lambda: _is("-7" in events))

    assert events == ["+7", "-7"]
    assert await key(valkey, 7) is None


async def _is(value: bool) -> bool:
    return value


async def test_with_one_device_a_new_socket_replaces_exactly_its_predecessor(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Of ten that connect at once on two workers, nine get the close notice and 4503."""
    settings = {"redis": valkey_server.url, "devices": "one"}
    both = [await workers.start(serve, **settings) for _ in range(2)]
    ends = [both[number % 2].client("/user/7") for number in range(10)]
    clients = await asyncio.gather(*[end.__aenter__() for end in ends])
    waits = [asyncio.create_task(client.wait_closed()) for client in clients]
    async with asyncio.timeout(WAIT):
        while sum(wait.done() for wait in waits) < 9:
            await asyncio.wait(waits, timeout=0.05)

    left = [client for client, wait in zip(clients, waits, strict=True) if not wait.done()]
    assert len(left) == 1
    assert {client.close_code for client in clients if client is not left[0]} == {4503}
    assert await both[0].ws.is_online([7]) == {7}
    assert await key(valkey, 7)
    await asyncio.gather(*[end.__aexit__(None, None, None) for end in ends])


async def test_kick_closes_the_selected_sockets_on_every_worker(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Attributes select the sockets; a last message comes before the close."""
    one = await workers.start(serve, redis=valkey_server.url)
    two = await workers.start(serve, redis=valkey_server.url)
    async with one.client("/user/7?session=a") as a, two.client("/user/7?session=b") as b:
        await a.recv()
        await b.recv()

        one.ws.kick(7, 4505, "logged out", data="bye", session="b")

        assert await b.recv() == "bye"
        with pytest.raises(ConnectionClosed):
            await b.recv()
        assert (b.close_code, b.close_reason) == (4505, "logged out")
        one.ws.send_to_user(7, "you stay")
        assert await a.recv() == "you stay"


async def test_a_dead_worker_is_evicted(workers: Any, valkey: Redis, valkey_server: Any) -> None:
    """Its users are offline after its lease ends."""
    dead = await workers.start(serve, redis=valkey_server.url, **QUICK)
    async with dead.client("/user/7") as client:
        await client.recv()
        await dead.app.plugins["websocket"].backplane._maintenance.close()
        gone: asyncio.Queue[int] = asyncio.Queue()

        def mount(app: Any) -> None:
            serve(app)
            app.ws.on("offline", gone.put_nowait)  # before it can notice the other's end

        alive = await workers.start(mount, redis=valkey_server.url, **QUICK)

        assert await asyncio.wait_for(gone.get(), WAIT) == 7
        assert await key(valkey, 7) is None
        assert await alive.ws.is_online([7]) == set()


async def test_a_key_that_ported_code_deletes_is_restored(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Egg apps delete `online_7` when any device closes, though another one is connected."""
    worker = await workers.start(serve, redis=valkey_server.url, **QUICK)
    async with worker.client("/user/7") as remaining:
        await remaining.recv()
        async with worker.client("/user/7") as closing:
            await closing.recv()
        await valkey.delete("online_7")
        await until(lambda: key(valkey, 7))


async def test_a_key_that_is_written_too_late_does_not_stay(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """A worker that sets the key after the last socket closed elsewhere deletes it again."""
    worker = await workers.start(serve, redis=valkey_server.url)
    backplane = worker.app.plugins["websocket"].backplane

    # What another worker's answer said before its socket of the user closed.
    await backplane._keys.write({7: True})

    assert await key(valkey, 7) is None


async def test_an_emptied_redis_is_reconciled(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Lease, topics and keys are restored, messages arrive, and the loss is reported."""
    one = await workers.start(serve, redis=valkey_server.url, **QUICK)
    two = await workers.start(serve, redis=valkey_server.url, **QUICK)
    lost: asyncio.Queue[None] = asyncio.Queue()
    one.ws.on("position_lost", lambda: lost.put_nowait(None))
    async with one.client("/user/7") as client:
        await client.recv()
        await valkey.flushall()

        await asyncio.wait_for(lost.get(), WAIT)
        await until(lambda: key(valkey, 7))
        two.ws.send_to_user(7, "back")
        assert await client.recv() == "back"


async def test_missing_entries_of_a_stream_are_reported(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """A gap in the numbers of the entries is a lost position."""
    one = await workers.start(serve, redis=valkey_server.url)
    two = await workers.start(serve, redis=valkey_server.url)
    lost: asyncio.Queue[None] = asyncio.Queue()
    one.ws.on("position_lost", lambda: lost.put_nowait(None))
    async with one.client("/user/7") as client:
        await client.recv()
        two.ws.send_to_user(7, "a")
        assert await client.recv() == "a"
        await valkey.hincrby("yolk:{bus}:sequences", one.engine.worker, 5)
        two.ws.send_to_user(7, "b")
        assert await client.recv() == "b"
        await asyncio.wait_for(lost.get(), WAIT)


async def test_while_redis_is_frozen_local_delivery_works_and_new_users_are_refused(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Operations fail in bounded time; messages reach the other worker afterwards."""
    one = await workers.start(serve, redis=valkey_server.url, redis_timeout=0.5)
    two = await workers.start(serve, redis=valkey_server.url, redis_timeout=0.5)
    async with one.client("/room/a") as here, two.client("/room/a") as there:
        await here.recv()
        await there.recv()
        valkey_server.freeze()
        try:
            one.ws.send_to("a", "x")
            assert await asyncio.wait_for(here.recv(), WAIT) == "x"
            async with one.client("/user/9") as refused:
                await asyncio.wait_for(refused.wait_closed(), WAIT)
                assert refused.close_code == 4002
            assert not one.ws.users
        finally:
            valkey_server.thaw()
        assert await asyncio.wait_for(there.recv(), WAIT) == "x"
        assert await two.ws.is_online([9]) == set()


async def test_the_queue_to_redis_is_bounded_and_an_overflow_is_reported(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Lost messages are counted, and the other workers lose their position."""
    one = await workers.start(serve, redis=valkey_server.url, redis_timeout=0.3, max_unpublished=5)
    two = await workers.start(serve, redis=valkey_server.url)
    lost: asyncio.Queue[None] = asyncio.Queue()
    two.ws.on("position_lost", lambda: lost.put_nowait(None))
    async with two.client("/room/a") as there:
        await there.recv()
        valkey_server.freeze()
        try:
            for number in range(8):
                one.ws.send_to("a", str(number))
        finally:
            valkey_server.thaw()
        assert [await there.recv() for _ in range(5)] == [*map(str, range(5))]
        await asyncio.wait_for(lost.get(), WAIT)
    assert one.ws.counters.unpublished == 3


async def test_a_stopped_worker_leaves_nothing_in_redis(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Its lease, topics, stream and users' keys are removed."""
    worker = await workers.start(serve, redis=valkey_server.url, devices="one")
    async with worker.client("/user/7") as client:
        await client.recv()
        await worker.stop()

    assert await valkey.keys("*") == []
