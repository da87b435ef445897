"""One socket: handshake, frames, order, limits, closing."""

from __future__ import annotations

import asyncio
import gc
import struct
from typing import Any

import pytest
from sanic import Request
from sanic.server.protocols.http_protocol import HttpProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.websocket.raw import WAIT, Raw, echo, frame


@pytest.mark.parametrize("headers", [{}, {"Connection": "Upgrade"}, {"Upgrade": "WebSocket, h2c"}])
async def test_the_headers_of_all_browsers_are_accepted(workers: Any, headers: Any) -> None:
    """Upgrade and Connection are lists in any case: Firefox sends `keep-alive, Upgrade`."""
    worker = await workers.start(lambda app: app.ws.route("/ws", echo))

    client = await Raw.open(worker, **headers)
    client.writer.write(frame(1, b"hi"))

    assert b" 101 " in client.head
    assert await client.read() == (1, b"hi")
    client.writer.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": ""}, 426),
        ({"Connection": "close"}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Content_Length": "3"}, 400),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_request_that_is_no_handshake_is_answered_in_http(
    workers: Any, headers: Any, status: int
) -> None:
    """Other requests, and those from other pages, are refused before the upgrade."""
    worker = await workers.start(
        lambda app: app.ws.route("/ws", echo), origins=["https://chat.example"]
    )

    client = await Raw.open(worker, after=b"abc", **headers)

    assert f" {status} ".encode() in client.head
    client.writer.close()


async def test_an_unknown_path_is_404_before_any_upgrade(workers: Any) -> None:
    """Without a route there is no upgrade."""
    worker = await workers.start(lambda app: app.ws.route("/ws", echo))

    with pytest.raises(InvalidStatus) as error:
        async with worker.client("/nowhere"):
            pass

    assert error.value.response.status_code == 404


async def test_frames_in_the_packet_of_the_handshake_arrive(workers: Any) -> None:
    """500 frames sent with the request arrive in order, though picows' buffer is small."""
    worker = await workers.start(lambda app: app.ws.route("/ws", echo))
    sent = [b"%d" % number + b"." * 100 for number in range(500)]

    client = await Raw.open(worker, after=b"".join(frame(1, message) for message in sent))

    assert [(await client.read())[1] for _ in sent] == sent
    client.writer.close()


async def test_messages_wait_for_a_listener_and_a_slow_one_gets_all_in_order(workers: Any) -> None:
    """Messages that come while the chain runs are queued; reading pauses, nothing is lost."""
    go, got = asyncio.Event(), []
    done = asyncio.Event()

    async def slow(ctx: Any) -> None:
        await go.wait()

        async def receive(message: str) -> None:
            await asyncio.sleep(0)
            got.append(int(message))
            if len(got) == 5000:
                done.set()

        ctx.websocket.on("message", receive)

    worker = await workers.start(lambda app: app.ws.route("/ws", slow), max_queued_messages=8)
    async with worker.client() as client:
        sending = asyncio.create_task(_send_numbers(client, 5000))
        go.set()
        await asyncio.wait_for(done.wait(), WAIT)
        await sending

    assert got == list(range(5000))


async def _send_numbers(client: Any, count: int) -> None:
    for number in range(count):
        await client.send(str(number))


async def test_fragments_are_joined_with_control_frames_in_between(workers: Any) -> None:
    """A message in fragments is one message; a ping in between is answered at once."""
    worker = await workers.start(lambda app: app.ws.route("/ws", echo))
    client = await Raw.open(worker)

    client.writer.write(frame(1, "ä".encode()[:1], fin=False) + frame(9, b"p"))
    assert await client.read() == (10, b"p")
    client.writer.write(frame(0, "ä".encode()[1:], fin=False) + frame(0, b"!"))

    assert await client.read() == (1, "ä!".encode())
    client.writer.close()


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        (b"", (1005, "")),
        (struct.pack(">H", 4321) + "再见".encode(), (4321, "再见")),
        (None, (1006, "")),
    ],
)
async def test_close_listeners_get_the_code_and_reason(
    workers: Any, sent: bytes | None, heard: tuple[int, str]
) -> None:
    """An empty close is answered by an empty one; without a close the code is 1006."""
    closed: asyncio.Queue[tuple[int, str]] = asyncio.Queue()

    async def connect(ctx: Any) -> None:
        ctx.websocket.on("close", lambda code, reason: closed.put_nowait((code, reason)))

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    client = await Raw.open(worker)
    if sent is None:
        client.writer.close()
    else:
        client.writer.write(frame(8, sent))
        assert await client.read() == (8, sent[:2])
        await client.end()

    assert await asyncio.wait_for(closed.get(), WAIT) == heard


async def test_messages_before_a_close_are_handled_before_the_close(workers: Any) -> None:
    """20 messages and then a close: the handler gets all 20, then the close listener runs."""
    events: asyncio.Queue[Any] = asyncio.Queue()

    async def connect(ctx: Any) -> None:
        async def receive(message: str) -> None:
            await asyncio.sleep(0)
            events.put_nowait(message)

        ctx.websocket.on("message", receive).on("close", lambda *_: events.put_nowait("close"))

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    async with worker.client() as client:
        await _send_numbers(client, 20)

    received = [await asyncio.wait_for(events.get(), WAIT) for _ in range(21)]
    assert received == [*map(str, range(20)), "close"]


async def test_nothing_remains_of_a_client_that_disconnects_while_the_chain_runs(
    workers: Any,
) -> None:
    """Listeners that are added later still get the close; no context, user or room remains."""
    entered, go = asyncio.Event(), asyncio.Event()
    closed: asyncio.Queue[int] = asyncio.Queue()

    async def connect(ctx: Any) -> None:
        entered.set()
        await go.wait()
        assert not await ctx.app.ws.online(ctx.websocket, 7)
        await ctx.websocket.room.join("r")
        ctx.websocket.on("close", lambda code, _: closed.put_nowait(code))

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    client = await Raw.open(worker)
    await entered.wait()
    client.wire.abort()
    while worker.ws.clients:
        await asyncio.sleep(0)
    go.set()

    assert await asyncio.wait_for(closed.get(), WAIT) == 1006
    assert not worker.ws.users
    assert not len(worker.ws.rooms.topics)


async def test_a_listener_that_raises_closes_with_1011(workers: Any) -> None:
    """A plain or an async listener; other sockets are not affected."""

    async def connect(ctx: Any) -> None:
        async def receive(_: str) -> None:
            raise RuntimeError("boom")

        ctx.websocket.on("message", receive)

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    async with worker.client() as client:
        await client.send("x")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1011


async def test_the_chain_runs_around_the_open_socket(workers: Any) -> None:
    """`use`, then the route's own, then the controller; the code after `next` runs at the end."""
    events: list[str] = []
    over = asyncio.Event()

    def link(name: str) -> Any:
        async def middleware(_: Any, next: Any) -> None:
            events.append(name)
            await next()
            events.append(f"/{name}")
            if name == "use":
                over.set()

        return middleware

    async def connect(ctx: Any) -> None:
        events.append(ctx.params.id)
        ctx.websocket.send("in")

    def mount(app: Any) -> None:
        app.ws.use(link("use"))
        app.ws.route("/foo/:id", link("own"), connect)

    worker = await workers.start(mount)
    async with worker.client("/foo/7") as client:
        await client.recv()
        assert events == ["use", "own", "7"]
    await asyncio.wait_for(over.wait(), WAIT)

    assert events == ["use", "own", "7", "/own", "/use"]


@pytest.mark.parametrize(("raises", "code"), [(False, 1000), (True, 1011)])
async def test_a_chain_that_ends_early_closes(workers: Any, raises: bool, code: int) -> None:
    """Without `next` the socket is closed with 1000, after an error with 1011."""

    async def refuse(ctx: Any, _: Any) -> None:
        ctx.websocket.send("no")
        if raises:
            raise RuntimeError("boom")

    worker = await workers.start(lambda app: app.ws.route("/ws", refuse, echo))
    async with worker.client() as client:
        assert await client.recv() == "no"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == code


async def test_a_peer_that_does_not_read_is_closed_and_freed(workers: Any) -> None:
    """With 4008 once it leaves too much unread; other sockets are not affected."""
    sockets: list[Any] = []
    closed: asyncio.Queue[int] = asyncio.Queue()

    async def connect(ctx: Any) -> None:
        sockets.append(ctx.websocket)
        ctx.websocket.on("message", ctx.websocket.send)
        ctx.websocket.on("close", lambda code, _: closed.put_nowait(code))

    worker = await workers.start(
        lambda app: app.ws.route("/ws", connect), write_buffer_limit=100_000, slow_timeout=0.1
    )
    slow = await Raw.open(worker)
    async with worker.client() as other:
        message = b"x" * 100_000
        while sockets[0].open:
            sockets[0].send(message)
            await asyncio.sleep(0)
        assert await asyncio.wait_for(closed.get(), WAIT) == 4008
        await other.send("hi")
        assert await other.recv() == "hi"
    assert worker.ws.counters.slow == 1
    slow.writer.close()


async def test_a_silent_peer_is_aborted(workers: Any) -> None:
    """A client that answers its pings stays connected."""
    worker = await workers.start(lambda app: app.ws.route("/ws", echo), heartbeat=0.1)
    silent = await Raw.open(worker)

    async with worker.client() as client:
        async with asyncio.timeout(WAIT):
            while await silent.reader.read(100):
                pass
        await client.send("hi")
        assert await client.recv() == "hi"
    silent.writer.close()


async def test_a_stop_closes_every_socket_and_waits_for_the_handlers(workers: Any) -> None:
    """All clients get 1001, and close listeners end before the worker does."""
    left: list[int] = []

    async def connect(ctx: Any) -> None:
        async def leave(code: int, _: str) -> None:
            await asyncio.sleep(0.05)
            left.append(code)

        ctx.websocket.on("close", leave).send("in")

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    async with worker.client() as client:
        await client.recv()
        await worker.stop()
        assert left == [1001]
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1001


async def test_no_request_outlives_the_hand_over_and_no_socket_its_close(workers: Any) -> None:
    """Without the garbage collector: no Request, no HttpProtocol, no socket remains."""
    worker = await workers.start(lambda app: app.ws.route("/ws", echo))
    gc.collect()
    gc.disable()
    try:
        clients = [await Raw.open(worker) for _ in range(20)]
        for client in clients:
            client.writer.write(frame(1, b"hi"))
            assert await client.read() == (1, b"hi")
        kinds = (Request, HttpProtocol)
        assert not [found for found in gc.get_objects() if isinstance(found, kinds)]
        for client in clients:
            client.writer.write(frame(8, struct.pack(">H", 1000)))
            await client.read()
            await client.end()
        while worker.ws.clients or worker.engine._tasks:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not [
            found
            for found in gc.get_objects()
            if type(found).__name__ == "WebSocket" and found._engine is worker.engine
        ]
    finally:
        gc.enable()


async def test_messages_of_one_turn_are_sent_in_one_write(workers: Any) -> None:
    """Joined, in order, before the close that follows them."""

    async def connect(ctx: Any) -> None:
        for number in range(1000):
            ctx.websocket.send(str(number))
        ctx.websocket.close(4001, "再见" * 100)

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    async with worker.client() as client:
        assert [await client.recv() for _ in range(1000)] == [*map(str, range(1000))]
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 4001
        assert client.close_reason == "再见" * 20 + "再"  # 123 bytes


async def test_parameters_of_the_path_are_decoded(workers: Any) -> None:
    """A parameter of a socket's route is the text, as over HTTP."""
    worker = await workers.start(
        lambda app: app.ws.route("/p/:name", lambda ctx: ctx.websocket.send(ctx.params.name))
    )
    async with worker.client("/p/%E4%B8%AD%20%2B") as client:
        assert await client.recv() == "中 +"


@pytest.mark.parametrize(
    ("sent", "code"), [(frame(1, b"\xff"), 1007), (frame(3), 1002), (frame(1, rsv=4), 1002)]
)
async def test_an_error_of_the_peer_is_an_event(workers: Any, sent: bytes, code: int) -> None:
    """Listeners to "error" get it before those to "close"."""
    events: asyncio.Queue[Any] = asyncio.Queue()

    def connect(ctx: Any) -> None:
        ctx.websocket.on("error", lambda error: events.put_nowait(("error", error.code)))
        ctx.websocket.on("close", lambda code, _: events.put_nowait(("close", code)))
        ctx.websocket.send("in")

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    client = await Raw.open(worker)
    await client.read()
    client.writer.write(sent)
    async with asyncio.timeout(WAIT):
        assert [await events.get() for _ in range(2)] == [("error", code), ("close", code)]
    client.writer.close()


async def test_there_is_no_other_event(workers: Any) -> None:
    """A misspelt event raises an error that names the events."""

    def connect(ctx: Any) -> None:
        with pytest.raises(ValueError, match='"message", "close", "error" and "arrived"'):
            ctx.websocket.on("mesage", print)
        ctx.websocket.send("raised")

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    async with worker.client() as client:
        assert await client.recv() == "raised"
