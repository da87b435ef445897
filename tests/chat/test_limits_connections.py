"""Each phase of a connection has a deadline and a bound, whatever its client sends or does not."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.copies import copy_chat
from tests.rows import add_user
from tests.servers import ChatServer
from yolk.testing import Server, User

BODY_TIMEOUT = 1.0
WRITE_TIMEOUT = 2.0
SLACK = 8.0
"""Seconds that a busy machine may add."""
CONFIG = f"""
body_timeout = {BODY_TIMEOUT}
write_timeout = {WRITE_TIMEOUT}
websocket = dict(head_timeout=2)
ACCESS_LOG = True
"""
SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.c2lnbmF0dXJl"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with short deadlines and an access log."""
    folder = tmp_path_factory.mktemp("strict")
    root = copy_chat(folder, {"config/config_strict.py": CONFIG})
    running = ChatServer(root, folder / "data", {"YOLK_ENV": "strict"}).start()
    yield running
    running.stop()


class Connection:
    """A connection without a protocol implementation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Send *data* as it is."""
        self.writer.write(data)

    async def end(self, timeout: float) -> bytes:
        """Return all that comes until the server closes, which must be in time."""
        try:
            return await asyncio.wait_for(self.reader.read(), timeout)
        except ConnectionError:
            return b""


@asynccontextmanager
async def connection(server: Server) -> AsyncIterator[Connection]:
    """Open a connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


async def answer(server: Server, data: bytes, timeout: float = 10) -> bytes:
    """Send *data*, and return all that comes until the server closes."""
    async with connection(server) as one:
        one.send(data)
        return await one.end(timeout)


def head(start: str, **headers: object) -> bytes:
    """Return a request head."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{start} HTTP/1.1", "Host: x", *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "start",
    ["GET /", "GET /web/app.js", "GET /missing", "POST /auth/login", "POST /missing", "PUT /",
     "DELETE /users", "GET /docs", "GET /ws", "OPTIONS /users"],
)  # fmt: skip
async def test_a_body_that_does_not_come_ends_the_connection(strict: Server, start: str) -> None:
    """On every route, even where no body is expected."""
    began = time.monotonic()

    got = await answer(strict, head(start, Content_Length=100), BODY_TIMEOUT + SLACK + 5)

    assert got.startswith(b"HTTP/1.1 ")
    assert time.monotonic() - began < BODY_TIMEOUT + SLACK


async def test_a_late_body_is_answered_with_408(strict: Server) -> None:
    """The answer names what was late."""
    got = await answer(strict, head("POST /auth/login", Content_Length=100) + b"{")

    assert got.startswith(b"HTTP/1.1 408 ")
    assert b'"fail"' in got


@pytest.mark.parametrize("start", ["GET /", "POST /auth/login", "POST /upload"])
async def test_a_byte_now_and_then_does_not_keep_a_connection(strict: Server, start: str) -> None:
    """The deadline does not begin again with each byte."""
    token = strict.token(id=add_user(strict, "slow").id)
    began = time.monotonic()
    async with connection(strict) as one:
        one.send(head(start, Content_Length=1000, Token=token))

        async def drip() -> None:
            while True:
                one.send(b"x")
                await asyncio.sleep(0.3)

        dripping = asyncio.create_task(drip())
        await one.end(BODY_TIMEOUT + SLACK + 10)
        dripping.cancel()

    assert time.monotonic() - began < BODY_TIMEOUT + SLACK + 5


async def test_a_slow_body_at_an_honest_rate_arrives(strict: Server) -> None:
    """A body that comes steadily has more time than the timeout alone."""
    ada = add_user(strict, "ada")
    text = "x" * 60_000
    body = json.dumps({"to_id": ada.id, "type": "text", "data": text, "chat_type": "single"})
    async with connection(strict) as one:
        one.send(head("POST /chat/send", Content_Length=len(body), Token=ada.token,
                      Connection="close"))  # fmt: skip
        for start in range(0, len(body), 6000):
            one.send(body[start : start + 6000].encode())
            await asyncio.sleep(0.2)
        got = await one.end(10)

    assert got.startswith(b"HTTP/1.1 200 ")


async def test_the_body_of_a_login_is_small(strict: Server) -> None:
    """More than a few KB are refused before they come, and hold no memory."""
    ada = add_user(strict, "ada")
    small = {"username": ada.username, "password": "x" * 100}

    declared = await answer(strict, head("POST /auth/login", Content_Length=4194304))
    chunks = b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(5))
    chunked = await answer(strict, head("POST /auth/login", Transfer_Encoding="chunked") + chunks)
    fine = await strict.ask("POST", "/auth/login", json=small)

    assert declared.startswith(b"HTTP/1.1 413 ")
    assert b'"code":4170' in declared
    assert chunked.startswith(b"HTTP/1.1 413 ")
    assert fine.status_code == 401


async def test_a_large_body_is_not_read_from_strangers(strict: Server) -> None:
    """Who one is comes first: the answer comes while the body does not."""
    got = await answer(strict, head("POST /chat/send", Content_Length=4000000, Token="no"))

    assert got.startswith(b"HTTP/1.1 401 ")


async def test_a_large_body_of_a_user_is_read(strict: Server) -> None:
    """A text of 1 MiB arrives as before, with its length declared or in chunks."""
    ada = add_user(strict, "ada")
    body = {"to_id": ada.id, "type": "text", "data": "x" * 2**20, "chat_type": "single"}

    async def chunks() -> AsyncIterator[bytes]:
        encoded = json.dumps(body).encode()
        for start in range(0, len(encoded), 50_000):
            yield encoded[start : start + 50_000]

    declared = await strict.ask("POST", "/chat/send", token=ada.token, json=body)
    chunked = await strict.ask("POST", "/chat/send", token=ada.token, content=chunks())
    form = await strict.ask("POST", "/chat/send", token=ada.token, data=body)

    assert [one.status_code for one in (declared, chunked, form)] == [200, 200, 200]
    assert form.json()["data"]["data"] == body["data"]


@pytest.mark.parametrize(
    "body",
    [
        b"0=%41&1=%41&" * 340_000,
        b"a=" + b"%" * 4_000_000,
        b"a=1&" * 201,
    ],
)
async def test_a_form_of_many_fields_is_refused_at_once(strict: Server, body: bytes) -> None:
    """Parsing it would hold the loop for more than a second."""
    ada = add_user(strict, "ada")
    kind = {"content-type": "application/x-www-form-urlencoded", "token": ada.token}

    got = await strict.ask("POST", "/chat/read", content=body, headers=kind)

    assert got.status_code == 400
    assert got.json()["code"] == 1001


@pytest.mark.parametrize("body", [b"[[" * 50_000, b'{"a":[' + b"[]," * 600_000 + b"[]]}"])
async def test_json_of_many_pieces_is_refused(strict: Server, body: bytes) -> None:
    """So is JSON whose arrays would take half a second."""
    ada = add_user(strict, "ada")

    got = await strict.ask("POST", "/chat/read", content=body, token=ada.token)

    assert got.status_code == 400
    assert got.json()["code"] == 1001  # and not 1002, for which it would be decoded


async def test_an_answer_that_is_not_read_ends_the_connection(strict: Server) -> None:
    """A client that asks and does not read is disconnected."""

    def ask_and_never_read() -> None:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(WRITE_TIMEOUT + SLACK + 20)
            client.connect(("127.0.0.1", strict.port))
            for _ in range(10_000):
                client.sendall(head("GET /web/app.js") * 100)

    with pytest.raises(ConnectionError):
        await asyncio.to_thread(ask_and_never_read)

    closed = "connections were closed because their answers were not read"
    async with asyncio.timeout(20):  # thousands of lines about requests come before it
        while closed not in strict.output:
            await asyncio.sleep(0.1)


BROKEN = [
    b"GET \x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xfdET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET /ws?token={SECRET}\t HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET ws?token={SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET /a\x1b[31m?token={SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET /a\n?token={SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET /a b?token={SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET /ws?token={SECRET} HTTP/9.9\r\nHost: x\r\n\r\n".encode(),
    f"GET /ws?token={SECRET}\r\n\r\n".encode(),
    f"GET http://[::1?token={SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"token={SECRET}\r\n\r\n".encode(),
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    head("POST /auth/login", Transfer_Encoding="chunked", Content_Length=1),
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n{",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n{",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{",
    "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: \uff15\r\n\r\n{    ".encode(),
]


@pytest.mark.parametrize("request_bytes", BROKEN)
async def test_a_broken_request_is_refused_and_not_logged(
    strict: Server, request_bytes: bytes
) -> None:
    """It gets 400; no part of it reaches a log, nor does a traceback."""
    before = len(strict.output)

    got = await answer(strict, request_bytes)
    await strict.get("/users", token=add_user(strict, "ada").token, q="a")  # it lives on
    logged = strict.output[before:]

    assert got.startswith(b"HTTP/1.1 400 ")
    assert SECRET not in strict.output
    assert "Traceback" not in logged
    assert "\x1b" not in logged
    assert logged.count("\n") <= 5


@pytest.mark.parametrize(
    "chunks",
    [
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        b"fffffffffffffffffffff\r\n",
    ],
)
async def test_broken_chunks_are_refused(strict: Server, chunks: bytes) -> None:
    """Two programs could read them differently."""
    got = await answer(strict, head("POST /auth/login", Transfer_Encoding="chunked") + chunks)

    assert got.startswith(b"HTTP/1.1 400 ")
    assert got.count(b"HTTP/1.1") == 1


async def test_many_broken_requests_cost_a_line(strict: Server) -> None:
    """They are counted, and logged once a minute at most."""
    before = len(strict.output)

    for _ in range(50):
        assert (await answer(strict, b"GET \x01 HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 400 ")

    assert strict.output[before:].count("\n") <= 2


async def test_a_head_that_is_too_long_is_refused(strict: Server) -> None:
    """The bound is 16 KiB."""
    got = await answer(strict, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000)

    assert got.startswith(b"HTTP/1.1 431 ")


async def test_missing_and_forbidden_paths_look_alike(strict: Server) -> None:
    """The answer does not tell what exists outside of the folder."""
    paths = ["/web/../../../../etc/passwd", "/web/../app.py", "/web/missing", "/web/state",
             "/web/%2e%2e/app.py", "/web/", "/web/%00"]  # fmt: skip

    got = {await answer(strict, head(f"GET {path}", Connection="close")) for path in paths}

    assert len(got) == 1
    assert next(iter(got)).startswith(b"HTTP/1.1 404 ")


async def test_running_out_of_descriptors_is_logged_and_survived(tmp_path: Path) -> None:
    """Further connections are refused, users who are connected go on, and it ends by itself."""
    root = copy_chat(tmp_path, {"config/config_strict.py": CONFIG})
    command = ["bash", "-c", 'ulimit -n 256; exec "$0" app.py', sys.executable]
    server = ChatServer(root, tmp_path / "data", {"YOLK_ENV": "strict"}, command).start()
    try:
        ada: User = add_user(server, "ada")
        chat = await ada.connect()
        stuck = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)]
        for _, writer in stuck:
            writer.write(head("GET /", Content_Length=100))

        text = {"chat_type": "single", "cid": "1", "type": "text", "data": "x"}
        sent = await chat.request("send", to_id=ada.id, **text)
        await asyncio.sleep(BODY_TIMEOUT + 6)
        after = await server.ask("GET", "/users?q=a", token=ada.token)

        assert sent["msg"] == "ok"
        assert after.status_code == 200
        assert "connections were refused, because the open files" in server.output
        assert "Traceback" not in server.output
        for _, writer in stuck:
            writer.transport.abort()
    finally:
        server.stop()
