"""The tools that tests are written with."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import jwt
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.yolk.conftest import Start
from tests.yolk.small_apps import process
from yolk.testing import Server, Socket, StartFailed, Timeout, client, free_port

FILES = {
    "routes/__init__.py": """
    async def echo(ctx):
        if ctx.query.fail:
            return ctx.api_fail("no")
        ctx.api_success({"token": ctx.header.token, "query": ctx.query.q, **ctx.request.body})

    def mount(app):
        app.http.get("/echo", echo)
        app.http.post("/echo", echo)
    """
}

Peer = Callable[..., AbstractAsyncContextManager[Socket]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a small application that runs."""
    running = process(tmp_path_factory.mktemp("small"), FILES).start()
    yield running
    running.stop()


@pytest.fixture
def peer() -> Peer:
    """Return what connects a socket to a server that sends *frames* and then answers requests."""

    @asynccontextmanager
    async def connected(*frames: str | bytes, close: bool = False) -> AsyncIterator[Socket]:
        async def handler(connection: ServerConnection) -> None:
            for frame in frames:
                await connection.send(frame)
            if close:
                await connection.close(4503, "elsewhere")
            async for message in connection:
                await connection.send(message)

        async with serve(handler, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with await Socket.open(f"ws://127.0.0.1:{port}/") as socket:
                yield socket

    return connected


async def test_a_server_answers_as_it_does_to_clients(server: Server) -> None:
    """`get` and `post` send the token and return the data of an answer that is ok."""
    assert await server.get("/echo", token="t", q="1") == {"token": "t", "query": "1"}
    assert await server.post("/echo", text="é") == {"token": None, "query": None, "text": "é"}
    with pytest.raises(AssertionError, match=r"/echo: 400 .*'data': 'no'"):
        await server.get("/echo", fail="1")


async def test_a_server_is_stopped_when_its_block_ends(start: Start) -> None:
    """As a context manager it stops however the block ends, and leaves no process."""
    server = start(FILES)
    async with server:
        pid = server.pid

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.pid
    assert server.stop() == 0


def test_a_killed_server_leaves_nothing(start: Start) -> None:
    """`kill` takes all processes at once, main process and workers."""
    server = start(FILES, WORKERS="2")
    group = server.pid

    assert server.kill() == -9
    assert "Stopping worker" not in server.output
    with pytest.raises(ProcessLookupError):
        os.kill(group, 0)


def test_the_environment_of_the_test_does_not_reach_a_server(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WORKERS of the developer's shell is not inherited; the test's own is used."""
    monkeypatch.setenv("WORKERS", "none of them")
    monkeypatch.setenv("YOLK_ENV", "prod")
    hooks = """
    from yolk import Boot

    class Hooks(Boot):
        def main_process_start(self):
            print("<", self.app.env, self.app.config.workers, self.app.config.locale, ">")
    """
    server = start(
        {**FILES, "hooks.py": hooks, "config/config_test.py": "locale = 'en'"}, YOLK_ENV="test"
    )

    assert "< test 1 en >" in server.output


def test_a_start_that_fails_says_what_was_printed(start: Start) -> None:
    """The error has the output and the exit status."""
    with pytest.raises(StartFailed, match="the server has ended:\nno egg\n") as failure:
        start({"app.py": "import sys\nprint('no egg')\nsys.exit(3)"})

    assert failure.value.status == 3


def test_what_is_not_printed_in_time_says_so(start: Start) -> None:
    """Waiting has a time limit, after which the server is killed."""
    server = start(FILES)
    with pytest.raises(StartFailed, match="'no such text' was not printed; the server is running"):
        server.wait_for_output("no such text", timeout=0.01)


def test_tokens_are_signed_with_the_servers_secret(server: Server) -> None:
    """`token` returns a token that the application accepts, for an hour by default."""
    claims = jwt.decode(server.token(id=7), server.secret, ["HS256"])

    assert claims["id"] == 7
    assert claims["exp"] - claims["iat"] == 3600
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(server.token(id=7, exp=1), server.secret, ["HS256"])


def test_a_free_port_is_free() -> None:
    """Each call returns a port that can be listened on."""
    assert 0 < free_port() < 65536


async def test_a_socket_keeps_what_passes(peer: Peer) -> None:
    """Waiting for one frame keeps the earlier ones, in order and unchanged."""
    async with peer('{"type": "a"}', "text", b"\x00", '{"type": "b", "n": 1}') as socket:
        assert await socket.wait_for(type="b", n=1) == {"type": "b", "n": 1}
        assert socket.passed == [{"type": "a"}, "text", b"\x00"]


async def test_a_request_gets_its_own_answer(peer: Peer) -> None:
    """Frames before the answer are kept, and a ping is answered after all of them."""
    async with peer('{"type": "push"}') as socket:
        answer = await socket.request("send", text="é")
        assert answer == {"id": 1, "type": "send", "data": {"text": "é"}}
        assert (await socket.request("send"))["id"] == 2
        assert socket.passed == [{"type": "push"}]
        assert await socket.ping()


async def test_a_closed_socket_says_why(peer: Peer) -> None:
    """`closed` returns code and reason, and keeps earlier frames."""
    async with peer('{"type": "bye"}', close=True) as socket:
        assert await socket.closed() == (4503, "elsewhere")
        assert socket.passed == [{"type": "bye"}]
        with pytest.raises(ConnectionClosed):
            await socket.receive()


async def test_waiting_for_a_frame_has_an_end(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing frame fails the test, with the frames that arrived instead."""
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.05)
    async with peer('{"type": "a"}') as socket:
        with pytest.raises(Timeout, match="'type': 'a'"):
            await socket.wait_for(type="b")


async def test_an_aborted_socket_is_gone(peer: Peer) -> None:
    """An aborted connection has no closing handshake."""
    async with peer() as socket:
        await socket.abort()
        code: Any = socket.connection.close_code
        assert code == 1006
