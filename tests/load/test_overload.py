"""A worker whose event loop is late: what goes first, what is served, and how it recovers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import ROOT
from tests.rows import add_user
from tests.servers import ChatServer
from yolk.testing import Server, Socket

BUSY, FULL = "busy", "full"
OVERLOADED = "0.35"
"""The seconds that a turn of the loop takes."""

Loaded = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat whose load can be set."""
    data = tmp_path_factory.mktemp("overload")
    command = [sys.executable, "tests/apps/overload.py"]
    running = ChatServer(ROOT, data, command=command).start()
    yield running
    running.stop()


@pytest.fixture
def loaded(server: Server) -> Loaded:
    """Return a context in which the worker is busy or overloaded; after it, it is calm again."""

    @contextmanager
    def load(wanted: str) -> Iterator[None]:
        level = "load: busy" if wanted == BUSY else "load: overloaded"
        begun, ended = (server.output.count(line) for line in (level, "no longer busy"))
        file = server.data / "load"
        file.write_text(wanted)
        try:
            server.wait_for_output(level, begun + 1)
            yield
        finally:
            file.unlink()
            server.wait_for_output("no longer busy", ended + 1)

    return load


def passed(socket: Socket, kind: str) -> list[Any]:
    """Return the pushes of one type that a socket got."""
    return [frame["data"] for frame in socket.passed if frame.get("type") == kind]


async def test_new_sockets_and_logins_get_503(server: Server, loaded: Loaded) -> None:
    """With `Retry-After`, before anything is checked; what keeps users connected is served."""
    ada = await server.user("ada")
    credentials = {"username": ada.username, "password": "wrong"}
    account = {"username": "newcomer", "password": "correct horse"}
    refused = [
        ("POST", "/auth/login", credentials),
        ("POST", "/auth/register", account),
        ("POST", "/auth/ticket", {}),
        ("POST", "/auth/forgot", {"username": ada.username}),
        ("POST", "/auth/reset", {"reset_token": "x", "password": "correct horse"}),
        ("POST", "/account/password", {"old_password": "wrong", "new_password": "correct horse"}),
        ("POST", "/account/delete", {"password": "wrong"}),
    ]
    with loaded(OVERLOADED):
        answers = [
            await server.ask(method, path, token=ada.token, json=body)
            for method, path, body in refused
        ]
        with pytest.raises(InvalidStatus) as handshake:
            await server.connect("/ws?token=nonsense")
        refreshed = await server.post("/auth/refresh", refresh_token=ada.refresh_token)

    response = handshake.value.response
    found = [(answer.status_code, answer.headers["Retry-After"]) for answer in answers]
    found.append((response.status_code, response.headers["Retry-After"]))
    assert all(status == 503 and 3 <= int(after) <= 10 for status, after in found), found
    assert {answer.json()["code"] for answer in answers} == {5120}
    assert all(answer.json()["temporary"] for answer in answers)
    assert b'"code":5120' in (response.body or b"")
    assert refreshed["id"] == ada.id
    line = next(line for line in server.output.splitlines() if "no longer overloaded" in line)
    assert f"{len(found)} sockets and logins were refused" in line
    socket = await ada.connect()
    assert await socket.ping()


async def test_messages_of_connected_users_are_answered_and_delivered(
    server: Server, loaded: Loaded
) -> None:
    """However overloaded the worker is."""
    ada, bob = await server.user("ada"), await server.user("bob")
    hers, his = await ada.connect(), await bob.connect()
    with loaded(OVERLOADED):
        answer = await hers.request("send", to_id=bob.id, cid="1", data="still here")
        push = await his.wait_for(type="message")
        posted = await ada.post("/chat/send", to_id=bob.id, cid="2", data="over HTTP")

    assert answer["msg"] == "ok"
    assert push["data"]["data"] == "still here"
    assert posted["seq"] == 2


async def test_a_message_for_which_there_is_no_room_is_answered(
    server: Server, loaded: Loaded
) -> None:
    """As temporary, and nothing of it is stored; a full queue is an overload, too."""
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    hers = await ada.connect()
    with loaded(FULL):
        answer = await hers.request("send", to_id=bob.id, cid="1", data="too much")
        body = {"to_id": bob.id, "cid": "1", "data": "too much"}
        posted = await server.ask("POST", "/chat/send", token=ada.token, json=body)
        with pytest.raises(InvalidStatus):
            await bob.connect()
    again = await hers.request("send", to_id=bob.id, cid="1", data="too much")

    assert (answer["msg"], answer["code"], answer["temporary"]) == ("fail", 5002, True)
    assert (posted.status_code, posted.json()["code"]) == (503, 5002)
    assert posted.headers["Retry-After"]
    assert (again["msg"], again["data"]["seq"], again["data"]["dup"]) == ("ok", 1, False)


async def test_what_can_be_lost_or_can_wait_goes_first(server: Server, loaded: Loaded) -> None:
    """Typing is not shown; receipts and presence come, with the latest state, when it is calm."""
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    eve, dan = add_user(server, "eve"), add_user(server, "dan")
    hers, his, others = await ada.connect(), await bob.connect(), await eve.connect()
    sent = [await hers.request("send", to_id=bob.id, data=str(number)) for number in range(3)]
    conv = sent[0]["data"]["conv"]
    watched = await hers.request("presence", users=[eve.id, dan.id])
    assert watched["data"]["online"] == [eve.id]
    await his.request("read", conv=conv, seq=1)
    await hers.wait_for(type="receipt")
    hers.passed.clear()

    with loaded(BUSY):
        for seq in (2, 3):
            assert (await his.request("read", conv=conv, seq=seq))["msg"] == "ok"
        assert (await his.request("typing", to_id=ada.id))["msg"] == "ok"
        await others.close()
        dans = await dan.connect()
        await hers.request("ping")
        during = list(hers.passed)
        kept = await bob.get("/chat/conversations")
    receipt = await hers.wait_for(type="receipt")
    presence = passed(hers, "presence")
    while len(presence) < 2:
        presence.append((await hers.wait_for(type="presence"))["data"])
    await hers.request("ping")

    assert [frame for frame in during if frame.get("type") != "pong"] == []
    assert kept[0]["read_seq"] == 3
    assert receipt["data"]["read_seq"] == 3
    assert not passed(hers, "receipt")
    assert not passed(hers, "typing")
    assert sorted((one["user_id"], one["online"]) for one in presence) == sorted(
        [(eve.id, False), (dan.id, True)]
    )
    assert await dans.ping()
    await his.request("typing", to_id=ada.id)
    await hers.wait_for(type="typing")
