"""Processes are killed: they are started again, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

from redis.exceptions import ConnectionError as RedisGone

from tests.conftest import ROOT, Serve
from tests.rows import add_user, is_online, redis
from tests.servers import ChatServer
from yolk.testing import Server, Socket, User


def workers(server: Server) -> list[int]:
    """Return the process IDs of all workers that have started."""
    return [int(number) for number in re.findall(r"Worker ready \[(\d+)\]", server.output)]


async def eventually(true: Callable[[], bool], seconds: float = 12) -> None:
    """Wait until a condition that nothing announces is true."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if true():
                    return
            except RedisGone:
                pass
            await asyncio.sleep(0.05)


async def test_a_worker_that_dies_is_started_again(serve: Serve) -> None:
    """Its users are offline within 10 s, unless they reconnect; the port serves all the time."""
    server = serve(WORKERS="2")
    users: list[User] = []
    sockets: list[Socket] = []
    places: set[str] = set()
    while len(users) < 8 or len(places) < 2:  # the system may well give one worker many in a row
        assert len(users) < 200, "the other worker takes none"
        users.append(add_user(server, f"user{len(users)}"))
        sockets.append(await users[-1].connect())
        places.add(sockets[-1].passed[0]["data"]["socket"].rpartition(":")[0])

    dead, alive = workers(server)
    os.kill(dead, signal.SIGKILL)
    server.wait_for_output("Serving on ", 3, 20)

    still_open = [
        (user, socket)
        for user, socket in zip(users, sockets, strict=True)
        if not (socket.connection.transport.is_closing() or await is_gone(socket))
    ]
    assert 0 < len(still_open) < len(users)
    online = {user.id for user, _ in still_open}
    await eventually(lambda: {user.id for user in users if is_online(server, user)} == online)
    again = [await user.connect() for user in users]
    assert all([await socket.ping() for socket in again])
    assert alive in workers(server)


async def is_gone(socket: Socket) -> bool:
    """Return whether a socket no longer answers."""
    try:
        return not await socket.ping()
    except Exception:  # noqa: BLE001 - whichever way the library says it
        return True


async def test_a_valkey_that_dies_is_started_again(serve: Serve) -> None:
    """Messages sent meanwhile are stored; afterwards workers reach each other as before."""
    server = serve(WORKERS="2")
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    hers = await ada.connect()
    sockets = [await bob.connect() for _ in range(6)]  # on both workers, most likely
    with redis(server) as connection:
        valkey = connection.info("server")["process_id"]

    os.kill(valkey, signal.SIGKILL)
    sent = await hers.request("send", to_id=bob.id, cid="1", data="meanwhile")
    assert sent["msg"] == "ok"
    await eventually(lambda: is_online(server, ada) and is_online(server, bob))

    await hers.request("send", to_id=bob.id, cid="2", data="afterwards")
    for socket in sockets:
        while (await socket.wait_for(type="message"))["data"]["data"] != "afterwards":
            pass
    waiting = await bob.post("/chat/getmessage")
    assert [message["data"] for message in waiting] == ["meanwhile", "afterwards"]


async def test_after_a_power_cut_everything_is_there(serve: Serve) -> None:
    """All processes die at once: the next start has every message, and nobody is online."""
    server = serve(WORKERS="2")
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    hers = await ada.connect()
    answers = []
    for number in range(50):
        data = {"to_id": bob.id, "cid": str(number), "data": str(number)}
        await hers.send({"id": number, "type": "send", "data": data})
    for number in range(25):
        answers.append(await hers.wait_for(id=number))

    server.kill()
    server.start()

    acknowledged = [answer["data"]["id"] for answer in answers]
    waiting = await bob.post("/chat/getmessage")
    assert [message["id"] for message in waiting][: len(acknowledged)] == acknowledged
    assert [message["seq"] for message in waiting] == list(range(1, len(waiting) + 1))
    await eventually(lambda: not is_online(server, ada))


async def test_without_the_main_process_workers_leave(serve: Serve) -> None:
    """They close their sockets and the port, so that the next start finds it free."""
    server = serve(WORKERS="2")
    ada = add_user(server, "ada")
    socket = await ada.connect()

    os.kill(server.pid, signal.SIGKILL)

    assert (await socket.closed())[0] == 1001
    await asyncio.to_thread(server.wait_for_output, "Worker complete", 2, 20)
    server.stop()
    server.start()
    await ada.connect()


async def test_without_the_main_process_no_worker_begins(tmp_path: Path) -> None:
    """This also holds when it dies while they are being started."""
    server = ChatServer(ROOT, tmp_path / "data", {"WORKERS": "2"})
    starting = asyncio.create_task(asyncio.to_thread(server.start))
    await eventually(lambda: "Starting worker" in server.output)

    os.kill(server.pid, signal.SIGKILL)

    try:
        await eventually(lambda: not server.running)
    finally:
        server.kill()
        await asyncio.gather(starting, return_exceptions=True)  # ready or not


async def test_a_signal_to_the_whole_group_stops_in_order(serve: Serve) -> None:
    """As from systemd or a terminal: every client gets 1001, and the exit status is 0."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server = serve(WORKERS="2")
        socket = await add_user(server, "ada").connect()

        stopping = asyncio.create_task(asyncio.to_thread(server.stop, by=number, to_all=True))

        assert (await socket.closed())[0] == 1001
        assert await stopping == 0
        assert "Traceback" not in server.output


async def test_a_stop_tells_a_thousand_sockets(serve: Serve) -> None:
    """On two workers, each of 1,000 sockets gets 1001, and no key is left behind."""
    server = serve(WORKERS="2")
    people = [add_user(server, f"user{number}") for number in range(20)]
    sockets: list[Socket] = []
    for _ in range(10):
        batch = (person.connect() for person in people for _ in range(5))
        sockets += await asyncio.gather(*batch)
    endings = asyncio.gather(*(socket.closed() for socket in sockets))

    assert await asyncio.to_thread(server.stop) == 0

    assert [code for code, _ in await endings] == [1001] * 1000
    server.start()
    with redis(server) as connection:
        kept = [key.decode() for key in connection.scan_iter("*")]
    # What the new workers have written of themselves, and nothing else.
    alive = [key.rpartition(":")[2] for key in kept if ":stream:" in key]
    assert len(alive) == 2
    rest = [key for key in kept if not key.endswith((*alive, ":workers", ":sequences"))]
    assert rest == []
