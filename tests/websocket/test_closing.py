"""Closing by the client, by the server, by both, and by neither."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.websocket.raw import Raw, Recorder, close, frame


@pytest.mark.parametrize("slow", [False, True], ids=["plain", "async"])
async def test_messages_before_a_half_close_are_handled(workers: Any, slow: bool) -> None:
    """A client that ends its side without a close frame has close code 1006."""
    recorder = Recorder(slow)
    worker = await workers.start(recorder.mount)
    client = await Raw.open(worker)

    client.writer.write(b"".join(frame(1, b"%d" % number) for number in range(20)))
    client.writer.write_eof()
    await client.rest()

    assert await recorder.end() == (1006, "")
    assert recorder.messages == [str(number) for number in range(20)]
    assert not worker.engine.sockets


async def greeted(workers: Any, **settings: Any) -> tuple[Recorder, Raw]:
    """Return the recorder of a new worker, and a client that was answered there."""
    recorder = Recorder()
    client = await Raw.open(await workers.start(recorder.mount, **settings))
    client.writer.write(frame(1, b"hi"))
    await client.read()
    return recorder, client


async def test_a_client_that_never_answers_a_close_is_aborted(workers: Any) -> None:
    """After `close_timeout`; the listener gets the server's code, later frames are ignored."""
    recorder, client = await greeted(workers, close_timeout=0.1)

    recorder.sockets[0].close(4500, "gone")
    client.writer.write(frame(1, b"late") + frame(9, b"late"))

    assert await client.rest() == [(8, (4500).to_bytes(2, "big") + b"gone")]
    assert await recorder.end() == (4500, "gone")
    assert recorder.messages == ["hi"]


async def test_the_client_answers_the_servers_close(workers: Any) -> None:
    """Then the server ends the connection at once, and the listener gets the server's code."""
    recorder, client = await greeted(workers, close_timeout=60)

    recorder.sockets[0].close(4001)
    assert await client.read() == (8, (4001).to_bytes(2, "big"))
    client.writer.write(close(4001))

    assert await client.rest() == []
    assert await recorder.end() == (4001, "")


async def test_both_sides_close_at_once(workers: Any) -> None:
    """Each close frame answers the other; each side keeps its own code."""
    recorder, client = await greeted(workers, close_timeout=60)

    client.writer.write(close(4321))
    recorder.sockets[0].close(4001)

    assert await client.rest() == [(8, (4001).to_bytes(2, "big"))]
    assert await recorder.end() == (4001, "")


async def test_a_broken_frame_after_a_close_ends_the_connection(workers: Any) -> None:
    """A frame that breaks the protocol after the server's close gets no second close frame."""
    recorder, client = await greeted(workers, close_timeout=60)

    recorder.sockets[0].close(4001)
    client.writer.write(frame(3))

    assert await client.rest() == [(8, (4001).to_bytes(2, "big"))]
    assert await recorder.end() == (4001, "")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
async def test_a_code_that_must_not_be_sent_is_refused(workers: Any, code: int) -> None:
    """The caller gets a ValueError, and the socket stays open."""
    recorder, client = await greeted(workers)

    with pytest.raises(ValueError, match="no close code"):
        recorder.sockets[0].close(code)

    assert recorder.sockets[0].open
    client.writer.close()
    await recorder.end()


async def test_a_close_while_the_queue_is_full_is_answered(workers: Any) -> None:
    """Reading was paused for a slow handler; after the server's close it resumes for the answer."""
    go = asyncio.Event()
    sockets: list[Any] = []

    async def connect(ctx: Any) -> None:
        async def wait(_: str) -> None:
            await go.wait()

        sockets.append(ctx.websocket)
        ctx.websocket.on("message", wait)
        ctx.websocket.send("in")

    worker = await workers.start(
        lambda app: app.ws.route("/ws", connect), close_timeout=60, max_queued_messages=2
    )
    client = await Raw.open(worker)
    await client.read()
    client.writer.write(frame(1, b"x") * 10)
    async with asyncio.timeout(5):
        while not sockets[0]._paused:
            await asyncio.sleep(0)

    sockets[0].close(4001)
    assert (await client.read())[0] == 8
    client.writer.write(close(4001))
    assert await client.rest() == []
    go.set()
