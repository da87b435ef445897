"""Rooms and users on two workers, from sockets and from HTTP."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

WAIT = 8


def serve(app: Any) -> None:
    """Mount a socket that executes commands, and HTTP routes that send and kick."""

    async def member(ctx: Any) -> None:
        socket = ctx.websocket

        async def execute(message: str | bytes) -> None:
            if isinstance(message, bytes):
                socket.room.send_to("all", message, to_self=False)
            elif message.startswith("leave "):
                await socket.room.leave(message[6:])
                socket.send("left")
            elif message.startswith("json "):
                socket.room.send_json_to("all", {"said": message[5:]})
            else:
                socket.room.send_to("all", message)

        socket.on("message", execute)
        await ctx.app.ws.online(socket, int(ctx.params.id))
        await socket.room.join(["all", "other"])
        socket.send("in")

    async def notify(ctx: Any) -> None:
        ctx.app.ws.send_to_user(int(ctx.params.id), "notified")
        ctx.api_success(True)

    async def kick(ctx: Any) -> None:
        ctx.app.ws.kick(int(ctx.params.id), 4505, "logged out", data="bye")
        ctx.api_success(True)

    app.ws.route("/ws/:id", member)
    app.http.get("/notify/:id", notify)
    app.http.get("/kick/:id", kick)


@pytest.fixture
async def pair(workers: Any, valkey: Redis, valkey_server: Any) -> Any:
    """Start two workers."""
    return [await workers.start(serve, redis=valkey_server.url) for _ in range(2)]


async def join(stack: AsyncExitStack, worker: Any, user_id: int) -> Any:
    """Return a client that has joined."""
    client = await stack.enter_async_context(worker.client(f"/ws/{user_id}"))
    assert await client.recv() == "in"
    return client


async def test_members_of_a_room_get_a_message_once_and_others_do_not(pair: Any) -> None:
    """On both workers; text, JSON and binary intact; to the sender or not."""
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        one, two, three = [await join(stack, pair[n % 2], n) for n in range(3)]
        await one.send("hello")
        assert [await client.recv() for client in (one, two, three)] == ["hello"] * 3
        await two.send(b"\x00\xff\xfe")  # not to itself
        await two.send("json 再见")
        assert [await client.recv() for client in (one, three)] == [b"\x00\xff\xfe"] * 2
        got = [await client.recv() for client in (one, two, three)]
        assert got == ['{"said":"再见"}'] * 3

        await three.send("leave all")
        assert await three.recv() == "left"
        await one.send("without three")
        assert [await one.recv(), await two.recv()] == ["without three"] * 2
        pair[0].ws.send_to("other", "still here")
        assert await three.recv() == "still here"
        assert len(pair[0].ws.rooms.topics) == len({"all", "other", "0", "2"})


async def test_leaving_a_room_that_was_not_joined_is_no_error(pair: Any) -> None:
    """Nor is leaving twice; an empty room is removed."""
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        one = await join(stack, pair[0], 1)
        for room in ("nowhere", "all", "all", "other"):
            await one.send(f"leave {room}")
            assert await one.recv() == "left"
        assert list(pair[0].ws.rooms.topics) == ["user:1"]


async def test_a_handler_on_another_worker_gets_binary_as_it_was(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """It is called with `{"room", "message"}`; a handler that raises affects no other."""
    got: asyncio.Queue[Any] = asyncio.Queue()

    async def broken(_: Any) -> None:
        raise RuntimeError("boom")

    async def connect(ctx: Any) -> None:
        await ctx.websocket.room.join("broken", broken)
        await ctx.websocket.room.join("handled", got.put)
        ctx.websocket.send("in")

    def mount(app: Any) -> None:
        app.ws.route("/ws", connect)

    here = await workers.start(mount, redis=valkey_server.url)
    there = await workers.start(mount, redis=valkey_server.url)
    async with there.client() as client:
        assert await client.recv() == "in"
        here.ws.send_to("broken", "x")
        here.ws.send_to("handled", b"\x00\xff")
        event = await asyncio.wait_for(got.get(), WAIT)
        assert event == {"room": "handled", "message": b"\x00\xff"}
        assert client.close_code is None


async def test_a_controller_reaches_a_user_on_another_worker(pair: Any) -> None:
    """With `send_to_user` and `kick` from HTTP; other users stay connected."""
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        here, there, other = [
            await join(stack, worker, user)
            for worker, user in ((pair[0], 7), (pair[1], 7), (pair[1], 8))
        ]
        base = f"http://127.0.0.1:{pair[0].port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
            assert (await http.get("/notify/7")).json()["msg"] == "ok"
            assert [await here.recv(), await there.recv()] == ["notified", "notified"]

            await http.get("/kick/7")
            for client in (here, there):
                assert await client.recv() == "bye"
                with pytest.raises(ConnectionClosed):
                    await client.recv()
                assert (client.close_code, client.close_reason) == (4505, "logged out")
            await http.get("/notify/8")
            assert await other.recv() == "notified"
        while await pair[0].ws.is_online([7, 8]) != {8}:  # until the other worker has reported it
            await asyncio.sleep(0.01)


async def test_a_worker_subscribes_to_a_room(pair: Any) -> None:
    """Its handler gets each message once, from either worker, whoever else is in the room."""
    here, there = pair
    got: asyncio.Queue[Any] = asyncio.Queue()
    there.ws.subscribe("all", got.put_nowait)
    async with AsyncExitStack() as stack:
        client = await join(stack, there, 1)
        for worker in (here, there):
            worker.ws.send_to("all", "hello")
            event = await asyncio.wait_for(got.get(), WAIT)
            assert event == {"room": "all", "message": "hello"}
            assert await client.recv() == "hello"

    assert got.empty()
    assert next(iter(there.ws.rooms.topics)) == "room:all"
