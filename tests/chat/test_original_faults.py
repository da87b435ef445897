"""Faults of the original, an Egg application with the seed's page: ours has none of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ROOT, Serve
from tests.databases import Databases
from tests.proxy import Proxy
from tests.raw import RawClient
from tests.rows import add_user, is_online, redis
from tests.servers import ChatServer
from yolk.testing import Server, User


@pytest.fixture(scope="module")
def broken_routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with routes that fail."""
    command = [sys.executable, "tests/apps/broken_routes.py"]
    running = ChatServer(ROOT, tmp_path_factory.mktemp("data"), command=command).start()
    yield running
    running.stop()


async def eventually_offline(server: Server, user: User) -> None:
    """Wait until the user is off line; the server does it soon after the socket is gone."""
    async with asyncio.timeout(10):
        while is_online(server, user):
            await asyncio.sleep(0.01)


async def test_closing_the_old_socket_keeps_the_new_one(
    server: Server, ada: User, bob: User
) -> None:
    """A close removes its own socket and no other: the new one is online and gets messages."""
    old = await ada.connect()
    new = await ada.connect()

    await old.close()

    assert await new.ping()
    assert is_online(server, ada)
    await bob.post("/chat/send", to_id=ada.id, data="still there?")
    assert (await new.wait_for(type="message"))["data"]["data"] == "still there?"


async def test_leaving_during_the_chain_leaves_nothing(server: Server, ada: User) -> None:
    """Clients that go away while token and user are looked up leave no trace."""
    for _ in range(40):
        client = await RawClient.open(server.port, f"/ws?token={ada.token}")
        client.abort()

    witness = await ada.connect()
    await witness.close()
    await eventually_offline(server, ada)
    with redis(server) as connection:
        assert not list(connection.scan_iter(f"*user:{ada.id}*"))


@pytest.mark.parametrize(("path", "code"), [("/test/throws", 1011), ("/test/stops", 1000)])
async def test_however_a_route_ends_nobody_stays_online(
    broken_routes: Server, path: str, code: int
) -> None:
    """A controller that throws, and a chain that ends early, close the socket and clean up."""
    ada = add_user(broken_routes, "ada")

    socket = await broken_routes.connect(f"{path}?token={ada.token}")

    assert (await socket.closed())[0] == code
    await eventually_offline(broken_routes, ada)
    bob = add_user(broken_routes, "bob")
    await bob.post("/chat/send", to_id=ada.id, data="for later")
    assert [message["data"] for message in await ada.post("/chat/getmessage")] == ["for later"]


async def test_frames_in_the_handshake_packet_are_answered(server: Server, ada: User) -> None:
    """What a client sends along with its handshake waits for the controller, in order."""
    frames = [f'{{"id":{number},"type":"ping"}}' for number in range(500)]

    client = await RawClient.open(server.port, f"/ws?token={ada.token}", frames)

    assert (await client.receive())["type"] == "connected"
    for number in range(500):
        assert (await client.receive())["id"] == number
    client.abort()


async def test_an_outage_is_not_blamed_on_the_token(serve: Serve) -> None:
    """With Redis frozen a socket gets 4002, and sending over HTTP is answered all the same."""
    server = serve()
    ada = add_user(server, "ada")
    bob = add_user(server, "bob")
    with redis(server) as connection:
        valkey = connection.info("server")["process_id"]
    os.kill(valkey, signal.SIGSTOP)
    try:
        socket = await server.connect(f"/ws?token={ada.token}")
        sent = await asyncio.wait_for(ada.post("/chat/send", to_id=bob.id, data="kept"), timeout=10)
        code, _ = await socket.closed()
    finally:
        os.kill(valkey, signal.SIGCONT)

    assert socket.passed[-1] == {"msg": "fail", "data": "服务暂时不可用, 请稍后重试"}
    assert code == 4002
    assert sent["data"] == "kept"
    assert [message["data"] for message in await bob.post("/chat/getmessage")] == ["kept"]


async def test_a_lost_database_is_not_blamed_on_the_token(
    serve: Serve, postgres: Databases
) -> None:
    """Without the database a socket gets 4002 and a request 503; afterwards both work again."""
    url = urlsplit(postgres())
    folder = parse_qs(url.query)["host"][0]
    async with Proxy(f"{folder}/.s.PGSQL.{url.port or 5432}") as proxy:
        server = await asyncio.to_thread(
            serve, DATABASE_URL=f"postgres://{url.username}@127.0.0.1:{proxy.port}{url.path}"
        )
        ada = await server.user("ada")
        proxy.cut()
        socket = await server.connect(f"/ws?token={ada.token}")
        code, _ = await socket.closed()
        answer = await server.ask("GET", "/users?q=a", token=ada.token)

        assert socket.passed == [{"msg": "fail", "data": "服务暂时不可用, 请稍后重试"}]
        assert code == 4002
        assert (answer.status_code, answer.json()["temporary"]) == (503, True)
        assert "retry-after" in answer.headers

        proxy.restore()
        await ada.connect()


async def test_what_arrives_during_getmessage_is_kept(server: Server, ada: User, bob: User) -> None:
    """Under concurrent reading and sending every message is returned once, and none is lost."""
    texts = [str(number) for number in range(60)]
    got: list[str] = []

    async def send() -> None:
        for text in texts:
            await bob.post("/chat/send", to_id=ada.id, data=text)

    sending = asyncio.create_task(send())
    while not sending.done():
        got += [message["data"] for message in await ada.post("/chat/getmessage")]
    await sending
    got += [message["data"] for message in await ada.post("/chat/getmessage")]

    assert got == texts
