"""How much memory and time a client can cost, and what it costs others."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from plugins.websocket import collector
from tests.websocket.raw import WAIT, Raw, Recorder, close, frame, serve_echo
from yolk import Label

MB = 1_000_000


class Use:
    """The peak of memory use."""

    peak = 0


@contextmanager
def memory() -> Iterator[Use]:
    """Measure the memory that Python and its extensions allocate."""
    gc.collect()
    tracemalloc.start()
    use = Use()
    try:
        yield use
    finally:
        use.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


@pytest.mark.parametrize("size", [200, 50_000, MB], ids=["small", "medium", "big"])
async def test_200_mb_for_a_client_that_does_not_read_cost_under_10_mb(
    workers: Any, size: int
) -> None:
    """It is closed with 4008 and aborted soon; another socket is served meanwhile."""
    recorder = Recorder()
    worker = await workers.start(recorder.mount, slow_timeout=0.1)
    stopped = await Raw.open(worker)
    async with worker.client() as other:
        stopped.writer.write(frame(1, b"hi"))
        await stopped.read()
        stopped.wire.pause_reading()
        reader = next(socket for socket in recorder.sockets if socket.received)
        with memory() as use:
            refused = 0
            for number in range(200 * MB // size):
                refused += not reader.send(b"%10d" % number + b"x" * (size - 10))
                if number % 100 == 0:
                    await other.send("still")
                    assert await asyncio.wait_for(other.recv(), WAIT) == "still"
                if refused > 10:
                    break
        assert (await recorder.end())[0] == 4008
    assert refused
    assert use.peak < 10 * MB
    assert worker.ws.counters.slow == 1
    stopped.wire.abort()


@pytest.mark.parametrize("size", [100, 20_000, 500_000], ids=["small", "medium", "big"])
async def test_40_mb_pushed_at_a_slow_handler_cost_under_5_mb(workers: Any, size: int) -> None:
    """The client has to wait, and all of it is handled in order."""
    count = min(40 * MB // size, 20_000)
    got: list[int] = []
    done = asyncio.Event()

    async def connect(ctx: Any) -> None:
        async def receive(message: bytes) -> None:
            await asyncio.sleep(0)
            got.append(int(message[:10]))
            if len(got) == count:
                done.set()

        ctx.websocket.on("message", receive)

    worker = await workers.start(lambda app: app.ws.route("/ws", connect))
    client = await Raw.open(worker)
    client.wire.set_write_buffer_limits(0)
    body = b"x" * (size - 10)
    with memory() as use:
        for number in range(count):
            client.writer.write(frame(2, b"%10d" % number + body, mask=bytes(4)))
            await client.writer.drain()
        await asyncio.wait_for(done.wait(), 30)

    assert got == list(range(count))
    assert use.peak < 5 * MB
    client.writer.close()


async def test_declared_sizes_cost_no_memory(workers: Any) -> None:
    """No memory is allocated for a declared length before the data arrives."""
    worker = await workers.start(serve_echo)
    clients = [await Raw.open(worker) for _ in range(20)]
    with memory() as use:
        for client in clients:
            client.writer.write(frame(2, b"x", form=8, declared=1024 * 1024))
            client.writer.write(b"")
        async with worker.client() as other:  # served after them
            await other.send("hi")
            assert await other.recv() == "hi"

    assert use.peak < MB
    for client in clients:
        client.writer.close()


async def test_a_pong_proves_what_was_sent_before_its_ping(workers: Any) -> None:
    """Labels of frames sent before the ping are reported, once, by a pong with its payload only."""
    arrived: asyncio.Queue[list[Any]] = asyncio.Queue()
    sockets: list[Any] = []

    async def connect(ctx: Any) -> None:
        sockets.append(ctx.websocket)
        await ctx.app.ws.online(ctx.websocket, 7)
        ctx.websocket.on("arrived", arrived.put_nowait)
        ctx.app.ws.send_to_user(7, "one", label=Label("a", 1))
        ctx.app.ws.send_to_user(7, "two", label=Label("a", 2))

    worker = await workers.start(lambda app: app.ws.route("/ws", connect), heartbeat=0)
    client = await Raw.open(worker)
    assert [(await client.read())[1] for _ in range(2)] == [b"one", b"two"]
    socket = sockets[0]
    client.writer.write(frame(10, (2).to_bytes(8, "big")))  # a pong to no ping
    client.writer.write(frame(9, b"p"))
    assert await client.read() == (10, b"p")
    assert arrived.empty()

    socket.check_heartbeat()
    opcode, payload = await client.read()
    assert opcode == 9
    worker.ws.send_to_user(7, "three", label=Label("b", 1))
    assert (await client.read())[1] == b"three"
    client.writer.write(frame(10, b"forged") + frame(10) + frame(9, b"q"))
    assert await client.read() == (10, b"q")
    assert arrived.empty()
    client.writer.write(frame(10, payload) + frame(10, payload))
    assert await asyncio.wait_for(arrived.get(), WAIT) == [("a", 1), ("a", 2)]

    assert int.from_bytes(payload, "big") == 3  # one, two, and the pong
    assert socket.sent == 6
    client.writer.write(frame(9, b"p"))
    await client.read()
    assert arrived.empty()

    socket.check_heartbeat()
    opcode, payload = await client.read()
    assert opcode == 9
    client.writer.write(frame(10, payload))
    assert await asyncio.wait_for(arrived.get(), WAIT) == [("b", 1)]
    client.writer.close()


async def test_a_socket_with_unconfirmed_labels_is_pinged_though_it_talks(workers: Any) -> None:
    """With a listener to "arrived" after each labelled message; without one only after silence."""
    sockets: list[Any] = []

    async def connect(ctx: Any) -> None:
        sockets.append(ctx.websocket)

        def echo(message: str) -> None:
            ctx.app.ws.send_to_user(len(sockets), message, label=Label("a", 1))

        await ctx.app.ws.online(ctx.websocket, len(sockets))
        ctx.websocket.on("message", echo)
        if ctx.params.kind == "arrived":
            ctx.websocket.on("arrived", lambda *_: None)

    worker = await workers.start(lambda app: app.ws.route("/ws/:kind", connect), heartbeat=0)
    for kind, pings in (("arrived", 1), ("plain", 0)):
        client = await Raw.open(worker, f"/ws/{kind}")
        for _ in range(3):
            client.writer.write(frame(1, b"x"))
            assert await client.read() == (1, b"x")
            sockets[-1].check_heartbeat()
            if pings:
                opcode, payload = await client.read()
                assert opcode == 9
                client.writer.write(frame(10, payload))
        client.writer.write(close(1000))
        assert (await client.rest())[0][0] == 8


async def test_idle_sockets_cost_no_timer_and_no_task_but_their_chain(workers: Any) -> None:
    """One timer checks all of them."""
    timers = []
    loop = asyncio.get_running_loop()
    worker = await workers.start(serve_echo, heartbeat=60)
    before = len(asyncio.all_tasks())
    clients = [await Raw.open(worker) for _ in range(100)]
    while len(worker.engine.sockets) < 100:
        await asyncio.sleep(0)

    chains = len(asyncio.all_tasks()) - before
    timers = [
        socket._close_timer for socket in worker.engine.sockets.values() if socket._close_timer
    ]
    assert chains == 100
    assert timers == []
    assert loop.is_running()
    for client in clients:
        client.writer.close()


def _open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def test_nothing_remains_of_sockets_that_were_opened_and_closed(
    workers: Any, valkey: Redis, valkey_server: Any
) -> None:
    """Memory, descriptors, tasks and keys are released, without the garbage collector."""

    async def connect(ctx: Any) -> None:
        user = int(ctx.params.id)
        ctx.websocket.on("message", ctx.websocket.send).on("close", lambda *_: None)
        await ctx.app.ws.online(ctx.websocket, user)
        await ctx.websocket.room.join(["all", f"room-{user % 10}"])
        ctx.websocket.send("in")

    worker = await workers.start(
        lambda app: app.ws.route("/ws/:id", connect), redis=valkey_server.url
    )

    async def one(number: int) -> Raw:
        client = await Raw.open(worker, f"/ws/{number}")
        assert await client.read() == (1, b"in")
        return client

    async def round_of(count: int) -> None:
        for start in range(0, count, 100):
            numbers = range(start, start + 100)
            clients = await asyncio.gather(*[one(number) for number in numbers])
            for number, client in zip(numbers, clients, strict=True):
                client.writer.write(frame(1, b"hi"))
                assert await client.read() == (1, b"hi")
                if number % 2:
                    client.writer.write(close(1000))
                    await client.rest()
                else:
                    client.wire.abort()
        async with asyncio.timeout(WAIT):
            while worker.engine._tasks or worker.ws.clients or await valkey.keys("online_*"):
                await asyncio.sleep(0.01)

    await round_of(200)
    gc.collect()
    gc.disable()
    try:
        tasks, files = len(asyncio.all_tasks()), _open_files()
        keys = sorted(await valkey.keys("*"))
        tracemalloc.start()
        await round_of(600)
        first = tracemalloc.get_traced_memory()[0]
        await round_of(600)
        await round_of(600)
        grown = tracemalloc.get_traced_memory()[0] - first
    finally:
        tracemalloc.stop()
        gc.enable()

    assert len(asyncio.all_tasks()) <= tasks
    assert _open_files() <= files + 2
    assert sorted(await valkey.keys("*")) == keys
    assert not worker.ws.users
    assert grown < 1200 * 300  # bytes a socket; one that stays takes thousands


async def test_the_collector_waits_for_a_quiet_moment(
    workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thresholds are raised, objects frozen, full collections scheduled; a stop restores all."""
    monkeypatch.setattr(collector, "CHECK_SECONDS", 0.05)
    before = gc.get_threshold()
    worker = await workers.start(serve_echo, full_collection=0.05)
    assert gc.get_threshold() == (
        collector.GENERATION_0,
        collector.GENERATION_1,
        collector.GENERATION_2,
    )
    assert gc.get_freeze_count() > 10_000

    runs = gc.get_stats()[2]["collections"]
    async with asyncio.timeout(WAIT):
        while gc.get_stats()[2]["collections"] == runs:
            await asyncio.sleep(0.01)
    await worker.stop()

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_the_collector_can_be_left_as_it_is(tmp_path: Path) -> None:
    """With an interval of 0 seconds."""
    before = gc.get_threshold()
    alone = collector.Collector(0)
    alone.start()
    assert gc.get_threshold() == before
    alone.stop()
    assert gc.get_threshold() == before


@pytest.mark.parametrize("declared", [True, False])
async def test_unfinished_messages_are_bounded(workers: Any, declared: bool) -> None:
    """
    The socket with the newest bytes is closed with 4013, whether frames or messages have no end.

    Finished messages are not counted, nor those of sockets that are gone.
    """

    async def connect(ctx: Any) -> None:
        await ctx.app.ws.online(ctx.websocket, 7)
        ctx.websocket.on("message", lambda message: ctx.websocket.send(str(len(message))))

    worker = await workers.start(
        lambda app: app.ws.route("/ws", connect),
        max_message_size=MB,
        max_user_unfinished_bytes=3 * MB,
    )
    engine, size = worker.engine, MB - 20_000
    payload = b"x" * size
    begun = frame(2, payload, declared=MB) if declared else frame(2, payload, fin=False)
    clients: list[Raw] = []
    async with asyncio.timeout(30):
        finished = await Raw.open(worker)
        for _ in range(5):
            await finished.send([frame(2, payload)])
            assert await finished.read() == (1, str(size).encode())
        while len(clients) < 3:
            clients.append(await Raw.open(worker))
            await clients[-1].send([begun])
            while engine.unfinished < len(clients) * size * 0.9:
                await asyncio.sleep(0.01)
        assert engine.unfinished_of_users == {7: engine.unfinished}

        clients.append(await Raw.open(worker))
        await clients[-1].send([begun])

        code = int.from_bytes((await clients[-1].read())[1][:2], "big")
        assert code == 4013
        for client in (*clients, finished):
            client.wire.abort()
        while engine.unfinished:
            await asyncio.sleep(0.01)
        assert not engine.unfinished_of_users
