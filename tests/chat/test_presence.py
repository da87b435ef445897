"""Presence, with one device or many, on one worker or two."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.conftest import ROOT
from tests.copies import copy_chat
from tests.rows import add_user, is_online
from tests.servers import ChatServer
from yolk.testing import Server, Socket, User


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with two workers."""
    running = ChatServer(ROOT, tmp_path_factory.mktemp("data"), {"WORKERS": "2"}).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def one_device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with two workers, in which a user has one device."""
    folder = tmp_path_factory.mktemp("one")
    root = copy_chat(folder, {"config/config_one.py": 'websocket = {"devices": "one"}\n'})
    running = ChatServer(root, folder / "data", {"WORKERS": "2", "YOLK_ENV": "one"}).start()
    yield running
    running.stop()


def worker_of(socket: Socket) -> str:
    """Return the worker that a socket is on."""
    name: str = socket.passed[0]["data"]["socket"]
    return name.rpartition(":")[0]


async def on_another_worker(user: User, than: str) -> Socket:
    """Connect until the socket is on another worker than *than*."""
    for _ in range(100):
        socket = await user.connect()
        if worker_of(socket) != than:
            return socket
        await socket.close()
    raise AssertionError("100 connections came to the same worker")


async def test_watchers_are_notified_of_presence(server: Server, ada: User, bob: User) -> None:
    """Watchers are notified when the first socket of a user opens and when the last one closes."""
    hers = await ada.connect()
    assert (await hers.request("presence", users=[bob.id]))["data"] == {"online": []}

    phone = await bob.connect()
    came = await hers.wait_for(type="presence")
    desktop = await bob.connect()
    await phone.close()
    await desktop.close()
    went = await hers.wait_for(type="presence")

    assert came["data"] == {"user_id": bob.id, "online": True}
    assert went["data"] == {"user_id": bob.id, "online": False}
    assert not is_online(server, bob)


async def test_a_socket_watches_a_limited_number_of_users(ada: User, bob: User) -> None:
    """A socket watches at most 5000 users; users that it watches already do not count again."""
    socket = await ada.connect()
    thousands = [list(range(1000 * first, 1000 * first + 1000)) for first in range(1000, 1005)]
    for asked in thousands:
        assert (await socket.request("presence", users=asked))["msg"] == "ok"

    again = await socket.request("presence", users=thousands[0])
    refused = await socket.request("presence", users=[bob.id])

    assert again["msg"] == "ok"
    assert (refused["msg"], refused["code"]) == ("fail", 4204)


async def test_all_devices_stay(server: Server, ada: User) -> None:
    """By default a user has as many sockets as devices."""
    sockets = [await ada.connect() for _ in range(5)]

    assert all([await socket.ping() for socket in sockets])
    assert is_online(server, ada)


async def test_workers_are_one_chat(two_workers: Server) -> None:
    """Of 200 messages between users on two workers 200 arrive, in order."""
    ada, bob = add_user(two_workers, "ada"), add_user(two_workers, "bob")
    hers = await ada.connect()
    his = await on_another_worker(bob, worker_of(hers))

    for number in range(200):
        await hers.request("send", to_id=bob.id, cid=str(number), data=str(number))
    got = [(await his.wait_for(type="message"))["data"]["data"] for _ in range(200)]

    assert got == [str(number) for number in range(200)]


async def test_presence_spans_workers(two_workers: Server) -> None:
    """A user is online while any worker has a socket, and watchers on any worker are notified."""
    ada, bob = add_user(two_workers, "ada"), add_user(two_workers, "bob")
    hers = await ada.connect()
    await hers.request("presence", users=[bob.id])
    here = await bob.connect()
    there = await on_another_worker(bob, worker_of(here))
    assert (await hers.wait_for(type="presence"))["data"]["online"]

    await here.close()
    assert await there.ping()
    assert (await ada.get("/users", q=bob.username))[0]["online"]
    await there.close()

    gone = await hers.wait_for(type="presence")
    while gone["data"]["online"]:  # pushes of the connections to the wrong worker
        gone = await hers.wait_for(type="presence")
    assert gone["data"] == {"user_id": bob.id, "online": False}


async def test_writing_at_once_on_two_workers_leaves_no_gap(two_workers: Server) -> None:
    """Both workers write into one conversation, and each seq is assigned once."""
    ada, bob = add_user(two_workers, "ada"), add_user(two_workers, "bob")
    hers = await ada.connect()
    his = await on_another_worker(bob, worker_of(hers))

    async def write(socket: Socket, to: User) -> list[int]:
        for number in range(100):
            data = {"to_id": to.id, "cid": str(number), "data": "x"}
            await socket.send({"id": number, "type": "send", "data": data})
        return [(await socket.wait_for(id=number))["data"]["seq"] for number in range(100)]

    seqs = await asyncio.gather(write(hers, bob), write(his, ada))

    assert sorted(seqs[0] + seqs[1]) == list(range(1, 201))


async def test_the_same_cid_on_two_workers_is_one_message(two_workers: Server) -> None:
    """A client that reconnects elsewhere and sends again gets the first answer."""
    ada, bob = add_user(two_workers, "ada"), add_user(two_workers, "bob")
    here = await ada.connect()
    there = await on_another_worker(ada, worker_of(here))

    for number in range(20):
        for socket in (here, there):
            data = {"to_id": bob.id, "cid": str(number), "data": "x"}
            await socket.send({"id": number, "type": "send", "data": data})

    answers = [await socket.wait_for(id=number) for socket in (here, there) for number in range(20)]

    assert len({answer["data"]["id"] for answer in answers}) == 20
    assert [answer["data"]["dup"] for answer in answers].count(False) == 20


async def test_the_newest_device_logs_out_the_one_before(one_device: Server) -> None:
    """The previous device gets the text of the original and 4503, on whichever worker it is."""
    ada, bob = add_user(one_device, "ada"), add_user(one_device, "bob")
    first = await ada.connect()
    second = await ada.connect()
    third = await on_another_worker(ada, worker_of(second))

    for old in (first, second):
        code, _ = await old.closed()
        assert (old.passed[-1], code) == (
            {"msg": "fail", "data": "你的账号在其他设备登录"},
            4503,
        )
    assert await third.ping()
    assert is_online(one_device, ada)
    await bob.post("/chat/send", to_id=ada.id, data="to the newest")
    assert (await third.wait_for(type="message"))["data"]["data"] == "to the newest"


async def test_of_devices_at_once_exactly_one_stays(one_device: Server) -> None:
    """Two devices that connect at the same moment do not log each other out."""
    ada = add_user(one_device, "ada")

    sockets = await asyncio.gather(
        *(one_device.connect(f"/ws?token={ada.token}") for _ in range(20))
    )
    endings = [asyncio.create_task(socket.closed()) for socket in sockets]
    for ending in islice(asyncio.as_completed(endings), 19):
        assert (await ending)[0] == 4503

    [(last, ending)] = [pair for pair in zip(sockets, endings, strict=True) if not pair[1].done()]
    assert await last.ping()
    assert is_online(one_device, ada)
    ending.cancel()


async def test_a_stop_closes_every_socket(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A stop sends 1001 to every socket on every worker, and leaves nobody online."""
    data = tmp_path_factory.mktemp("data")
    server = ChatServer(ROOT, data, {"WORKERS": "2"}).start()
    users = [add_user(server, "user") for _ in range(20)]
    sockets = [await user.connect() for user in users]

    assert await asyncio.to_thread(server.stop) == 0

    assert {(await socket.closed())[0] for socket in sockets} == {1001}
    again = ChatServer(ROOT, data).start()
    try:
        assert not any(is_online(again, user) for user in users)
    finally:
        again.stop()
