"""One message for thousands of users: sent once to each worker, and droppable under load."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from redis.asyncio import Redis
from websockets.exceptions import InvalidStatus

from tests.websocket.raw import Raw, read_frames
from yolk import ApiError, Label

WAIT = 10
USERS = 5_000
SOCKETS = 20
"""On each of two workers; a socket is registered under several users, and gets each one's."""

EACH = USERS // (2 * SOCKETS)


def serve(app: Any) -> None:
    """Mount a route whose socket is registered under all users between two ids."""

    async def users(ctx: Any) -> None:
        first, last = int(ctx.params.first), int(ctx.params.last)
        ids = range(first, last + 1)
        await asyncio.gather(*[ctx.app.ws.online(ctx.websocket, number) for number in ids])
        ctx.websocket.send("in")

    app.ws.route("/users/:first/:last", users)


async def enter(stack: AsyncExitStack, worker: Any, first: int, last: int | None = None) -> Any:
    """Return the client of these users."""
    client = await stack.enter_async_context(worker.client(f"/users/{first}/{last or first}"))
    assert await client.recv() == "in"
    return client


async def bytes_in(valkey: Redis) -> int:
    """Return how many bytes the server has received so far."""
    return int((await valkey.info("stats"))["total_net_input_bytes"])


@pytest.fixture
async def pair(workers: Any, valkey: Redis, valkey_server: Any) -> Any:
    """Start two workers."""
    return [await workers.start(serve, redis=valkey_server.url) for _ in range(2)]


async def test_5000_users_on_two_workers_get_a_message_once_that_is_sent_once(
    pair: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Other users get nothing; the payload is in the call once, and in the stream once."""
    raw: Any = Redis.from_url(valkey_server.url)
    message = "x" * 20_000
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        clients = []
        for number in range(2 * SOCKETS):
            first = 1 + number * EACH
            client = await enter(stack, pair[number % 2], first, first + EACH - 1)
            clients.append(client)
        stranger = await enter(stack, pair[1], USERS + 1)
        before = await bytes_in(valkey)

        pair[0].ws.send_to_users([*range(1, USERS + 1), 7, USERS + 99], message)
        pair[0].ws.send_to_users(range(1, USERS + 2), "end")

        for client in clients:
            assert [await client.recv() for _ in range(EACH)] == [message] * EACH
            assert [await client.recv() for _ in range(EACH)] == ["end"] * EACH
        assert await stranger.recv() == "end"
        assert await bytes_in(valkey) - before < 10 * len(message)  # not 5,000 times
        entries = await raw.xrange(f"yolk:{{bus}}:stream:{pair[1].engine.worker}")
        values = [value for _, fields in entries for value in fields.values()]
        assert sum(message.encode() in value for value in values) == 1
        names = sum(len(name) for _, fields in entries for name in fields)
        assert names < 2 * (USERS // 2) * len("5000,") + 200
        assert await raw.xlen(f"yolk:{{bus}}:stream:{pair[0].engine.worker}") <= 1
    await raw.aclose()


async def test_messages_to_many_and_to_one_keep_their_order(pair: Any) -> None:
    """On the same and on another worker."""
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        here = await enter(stack, pair[0], 7)
        there = await enter(stack, pair[1], 8)
        for number in range(0, 300, 3):
            for user in (7, 8):
                pair[0].ws.send_to_user(user, str(number))
            pair[0].ws.send_to_users({7, 8, *range(1000, 1100)}, str(number + 1))
            pair[0].ws.send_to_users(iter([7, 8]), str(number + 2))
        for client in (here, there):
            assert [await client.recv() for _ in range(300)] == [*map(str, range(300))]


async def test_a_message_for_more_users_than_one_call_takes_is_sent_in_several(pair: Any) -> None:
    """25,000 users with ids up to 2^63-1; the first and the last get it."""
    last = 2**63 - 1
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        clients = [await enter(stack, pair[1], user) for user in (1, 12_345, last)]
        pair[0].ws.send_to_users([*range(25_000), last], "hello")
        pair[0].ws.send_to_users([], "nobody")
        assert [await client.recv() for client in clients] == ["hello"] * 3


async def test_label_and_skip_work_as_with_one_user(pair: Any) -> None:
    """The skipped socket does not get the message; the others report its arrival."""
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        skipped = await enter(stack, pair[0], 7)
        there = await enter(stack, pair[1], 8)
        (socket,) = pair[0].ws.users[7]
        (other,) = pair[1].ws.users[8]
        other.on("arrived", arrived.put_nowait)
        pair[0].ws.send_to_users([7, 8], "hello", socket, Label("a b", 1))
        pair[0].ws.send_to_users([7, 8], "end")
        assert [await there.recv(), await there.recv(), await skipped.recv()] == [
            "hello",
            "end",
            "end",
        ]
        other.check_heartbeat()
        assert await arrived.get() == [("a b", 1)]


async def test_droppable_messages_are_left_out_for_a_client_with_a_backlog(pair: Any) -> None:
    """From its own worker and from another; other messages wait for the client."""
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        quick = await enter(stack, pair[0], 7)
        slow = await Raw.open(pair[0], "/users/7/7")
        while len(pair[0].ws.users[7]) < 2:
            await asyncio.sleep(0.01)
        await slow.read()
        slow.wire.pause_reading()
        behind = max(pair[0].ws.users[7], key=lambda socket: socket.number)
        filling = 0
        while not behind.has_backlog:
            behind.send(b"x" * 100_000)
            filling += 1
            await asyncio.sleep(0)

        pair[0].ws.send_to_user(7, "typing", droppable=True)
        pair[0].ws.send_to_users([7], "typing", droppable=True)
        pair[1].ws.send_to_users([7, 8], "typing", label=Label("a", 1), droppable=True)
        pair[1].ws.send_to_users([7, 8], "message")

        assert [await quick.recv() for _ in range(4)] == ["typing"] * 3 + ["message"]
        assert pair[0].ws.counters.dropped == 3
        slow.wire.resume_reading()
        data = b""
        while not data.endswith(b"message"):
            data += await slow.reader.read(1_000_000)
        assert [payload for _, payload in read_frames(data)] == [b"x" * 100_000] * filling + [
            b"message"
        ]
        slow.wire.abort()


async def test_droppable_messages_are_left_out_while_messages_wait_for_redis(
    pair: Any, valkey_server: Any
) -> None:
    """Redis is frozen: typing is dropped, and sent again once nothing waits."""
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        there = await enter(stack, pair[1], 7)
        valkey_server.freeze()
        try:
            for number in range(200):
                pair[0].ws.send_to_user(7, str(number))
            pair[0].ws.send_to_user(7, "typing", droppable=True)
            assert 0 < pair[0].ws.queues["workers"]() <= 1
        finally:
            valkey_server.thaw()
        assert [await there.recv() for _ in range(200)] == [*map(str, range(200))]
        assert pair[0].ws.counters.dropped == 1
        pair[0].ws.send_to_user(7, "message")
        assert await there.recv() == "message"
        pair[0].ws.send_to_user(7, "typing", droppable=True)
        assert await there.recv() == "typing"
        assert pair[0].ws.queues["workers"]() < 0.01


async def test_a_client_that_is_gone_has_no_backlog(pair: Any) -> None:
    """Though it never read what was sent to it."""
    async with asyncio.timeout(WAIT):
        slow = await Raw.open(pair[0], "/users/7/7")
        slow.wire.pause_reading()
        while not pair[0].ws.users:
            await asyncio.sleep(0.01)
        (socket,) = pair[0].ws.users[7]
        while pair[0].ws.queues["sockets"]() == 0:
            socket.send(b"x" * 100_000)
            await asyncio.sleep(0)
        slow.wire.abort()
        await socket.closed()
        assert pair[0].ws.queues["sockets"]() == 0


async def test_a_busy_worker_leaves_droppable_messages_out(pair: Any) -> None:
    """On its own sockets, wherever they come from; other messages are written."""
    busy = True
    pair[1].ws.shed_load(lambda: None, lambda: busy)
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        client = await enter(stack, pair[1], 7)
        for worker in pair:
            worker.ws.send_to_user(7, "typing", droppable=True)
            worker.ws.send_to_user(7, "message")
        assert [await client.recv() for _ in pair] == ["message"] * 2
        assert pair[1].ws.counters.dropped == 2
        busy = False
        pair[0].ws.send_to_user(7, "typing", droppable=True)
        assert await client.recv() == "typing"


async def test_a_new_socket_can_be_refused_before_the_handshake(pair: Any) -> None:
    """With the status, the code and the text of the error; open sockets go on."""

    def refuse() -> None:
        raise ApiError(5120, "too busy", status=503, temporary=True)

    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        client = await enter(stack, pair[0], 7)
        pair[0].ws.shed_load(refuse, lambda: False)
        with pytest.raises(InvalidStatus) as refused:
            await enter(stack, pair[0], 8)
        pair[0].ws.send_to_user(7, "message")
        assert await client.recv() == "message"

    response = refused.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert json.loads(response.body or b"") == {
        "msg": "fail",
        "data": "too busy",
        "code": 5120,
        "temporary": True,
    }
    assert not pair[0].ws.users.get(8)
