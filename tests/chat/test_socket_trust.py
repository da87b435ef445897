"""Open sockets of users who may no longer have one, and of tokens that expire."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import jwt
import pytest

from extend.settings import ChatSettings
from tests.conftest import Serve
from tests.copies import copy_chat
from tests.rows import add_user, database, disable, is_online, redis
from tests.servers import ChatServer
from yolk.testing import Server, Socket, User, close_all

LIMIT = ChatSettings().user_sockets
PATIENCE = 30.0
"""Seconds until a socket must be closed, on a busy machine; 5 otherwise."""


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def workers(server: Server) -> list[int]:
    """Return the process ids of the workers."""
    return [int(number) for number in re.findall(r"Worker ready \[(\d+)\]", server.output)]


async def on_every_worker(server: Server, token: str) -> list[Socket]:
    """Return sockets with one token: one on each of two workers."""
    found: dict[str, Socket] = {}
    for _ in range(100):
        socket = await server.connect(f"/ws?token={token}")
        worker = (await socket.wait_for(type="connected"))["data"]["socket"].rpartition(":")[0]
        if worker in found:
            await socket.close()
        found.setdefault(worker, socket)
        if len(found) == 2:
            return list(found.values())
    raise AssertionError("one worker takes none")


async def refusal(socket: Socket) -> tuple[object, int | None]:
    """Return the last frame and the close code of a socket that the server closes."""
    async with asyncio.timeout(PATIENCE):
        code, _ = await socket.closed()
    return socket.passed[-1], code


async def expiring(server: Server, user: User, seconds: float) -> Socket:
    """Connect with a token that expires so soon."""
    token = server.token(id=user.id, exp=int(time.time() + seconds))
    return await server.connect(f"/ws?token={token}")


async def test_a_user_disabled_by_another_program_is_disconnected_on_every_worker(
    serve: Serve,
) -> None:
    """Within 5 s their sockets are closed with 4501, they are offline, and others stay."""
    server = serve(WORKERS="2")
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    sockets = await on_every_worker(server, ada.token)
    watching = await bob.connect()
    await watching.request("presence", users=[ada.id])

    disable(server, ada)

    for socket in sockets:
        assert await refusal(socket) == ({"msg": "fail", "data": "你已被禁用"}, 4501)
    gone = await watching.wait_for(type="presence")
    assert gone["data"] == {"user_id": ada.id, "online": False}
    assert not is_online(server, ada)


async def test_a_deleted_user_is_disconnected(server: Server, ada: User) -> None:
    """Within 5 s the socket is closed with 4500."""
    socket = await ada.connect()

    with database(server) as connection:
        connection.execute("DELETE FROM user WHERE id = ?", (ada.id,))

    assert await refusal(socket) == ({"msg": "fail", "data": "用户不存在"}, 4500)


async def test_a_login_that_another_program_ends_is_disconnected(server: Server) -> None:
    """Within 5 s its sockets are closed with 4505, and those of the user's other login stay."""
    grace = await server.user("grace")
    other = await server.post("/auth/login", username=grace.username, password=grace.password)
    socket = await grace.connect()
    there = await server.connect(f"/ws?token={other['token']}")

    with database(server) as connection:
        connection.execute(
            "UPDATE session SET revoke_time = 1 WHERE user_id = ? AND refresh_hash != "
            "(SELECT refresh_hash FROM session WHERE user_id = ? ORDER BY id DESC LIMIT 1)",
            (grace.id, grace.id),
        )

    assert (await refusal(socket))[1] == 4505
    assert await there.ping()
    await there.close()


async def test_a_logout_during_an_outage_of_redis_closes_the_sockets(serve: Serve) -> None:
    """Also while Redis does not respond, the sockets on every worker are closed."""
    server = serve(WORKERS="2")
    grace = await server.user("grace")
    sockets = await on_every_worker(server, grace.token)
    with redis(server) as connection:
        pid = connection.info()["process_id"]

    with stopped(pid):
        await grace.post("/auth/logout")
        for socket in sockets:
            assert (await refusal(socket))[1] == 4505


async def test_a_logout_while_the_sockets_worker_is_stopped_closes_the_socket(
    serve: Serve,
) -> None:
    """As soon as the worker runs again, it closes what it should have closed."""
    server = serve(WORKERS="2")
    grace = await server.user("grace")
    sockets = await on_every_worker(server, grace.token)
    pid, _ = workers(server)

    with stopped(pid):
        logout = asyncio.create_task(grace.post("/auth/logout"))
        await asyncio.sleep(9)
    await logout

    for socket in sockets:
        assert (await refusal(socket))[1] == 4505


# --- tokens that expire


async def test_a_socket_is_warned_before_its_token_expires_and_closed_when_it_does(
    server: Server, ada: User
) -> None:
    """The warning says how long the token is good; at its end the socket is closed with 4009."""
    socket = await expiring(server, ada, 3)
    first = await socket.receive()
    warning = await socket.receive()

    assert first["type"] == "connected"
    assert warning["type"] == "token"
    assert 1 <= warning["data"]["expires_in"] <= 3
    assert await refusal(socket) == (
        {"msg": "fail", "data": "token 已过期! 请重新获取令牌"},
        4009,
    )


async def test_the_warning_comes_a_minute_before(server: Server, ada: User) -> None:
    """A token that is good for longer is not warned about at once."""
    socket = await expiring(server, ada, 65)
    await socket.wait_for(type="connected")
    assert (await socket.request("presence", users=[]))["msg"] == "ok"
    assert socket.passed == []

    warning = await socket.wait_for(type="token")

    assert 55 < warning["data"]["expires_in"] <= 60


async def test_a_new_token_keeps_the_socket_open(server: Server, ada: User) -> None:
    """The socket takes a new token of the same user, and lives as long as that one."""
    socket = await expiring(server, ada, 3)
    await socket.wait_for(type="token")

    answer = await socket.request("token", token=server.token(id=ada.id))
    await asyncio.sleep(4)

    assert 3590 < answer["data"]["expires_in"] <= 3600
    assert (await socket.request("send", to_id=ada.id, data="still here"))["msg"] == "ok"


async def test_a_token_that_never_expires_is_accepted(server: Server, ada: User) -> None:
    """A token without `exp` has no end."""
    socket = await expiring(server, ada, 3)
    await socket.wait_for(type="token")
    eternal = jwt.encode({"id": ada.id}, server.secret, "HS256")

    answer = await socket.request("token", token=eternal)
    await asyncio.sleep(4)

    assert answer["data"] == {"expires_in": None}
    assert await socket.ping()


async def test_a_short_lived_token_is_warned_about_at_half_of_its_life(
    server: Server, ada: User
) -> None:
    """A client that answers each warning with such a token does so now and then, not on and on."""
    socket = await expiring(server, ada, 2)
    await socket.wait_for(type="token")
    for _ in range(2):
        start = time.time()
        token = server.token(id=ada.id, exp=int(start + 5))
        await socket.request("token", token=token)
        warning = await socket.wait_for(type="token")
        assert time.time() - start > 1
        assert 1 <= warning["data"]["expires_in"] <= 3


@pytest.mark.parametrize("bad", ["rubbish", "", "other user", "expired", "logged out"])
async def test_a_bad_token_is_refused_and_the_socket_keeps_its_own(
    server: Server, ada: User, bad: str
) -> None:
    """The answer says what is wrong with it; the earlier token stays good."""
    socket = await ada.connect()
    grace = await server.user("grace")
    tokens = {
        "other user": (grace.token, 3130),
        "expired": (server.token(id=ada.id, exp=int(time.time()) - 1), 3002),
        "logged out": (server.token(id=ada.id, sid="01a207b0-6c1e-7f02-9d3b-6f0c2b1d4e55"), 3005),
    }
    token, code = tokens.get(bad, (bad, 3001))

    answer = await socket.request("token", token=token)
    await asyncio.sleep(0.5)

    assert (answer["msg"], answer["code"]) == ("fail", code)
    assert await socket.ping()
    assert (await socket.request("send", to_id=ada.id, data="hello"))["msg"] == "ok"


async def test_a_logout_closes_a_socket_that_was_given_a_token_of_the_login(
    server: Server,
) -> None:
    """The session of the newest token counts, and no longer that of the first one."""
    grace = await server.user("grace")
    other = await server.post("/auth/login", username=grace.username, password=grace.password)
    socket = await grace.connect()
    await socket.request("token", token=other["token"])

    await grace.post("/auth/logout")
    assert await socket.ping()
    await server.post("/auth/logout", token=other["token"])

    assert (await refusal(socket))[1] == 4505


async def test_a_socket_of_a_ticket_expires_with_its_token(server: Server, ada: User) -> None:
    """A ticket is good for a socket only as long as the token that it stands for."""
    token = server.token(id=ada.id, exp=int(time.time() + 3))
    ticket = (await server.post("/auth/ticket", token=token))["ticket"]
    socket = await server.connect(f"/ws?ticket={ticket}")

    await socket.wait_for(type="token")

    assert (await refusal(socket))[1] == 4009


# --- how many sockets there may be


async def test_the_sockets_of_a_user_are_bounded(server: Server, ada: User, bob: User) -> None:
    """Also if they come all at once; a closed one makes room, and others are not concerned."""
    sockets = await asyncio.gather(
        *[server.connect(f"/ws?token={ada.token}") for _ in range(LIMIT + 10)]
    )
    frames = await asyncio.gather(*[socket.receive() for socket in sockets])

    refused = {"msg": "fail", "data": "连接数过多"}
    accepted = [at for at, frame in enumerate(frames) if frame.get("type") == "connected"]
    assert len(accepted) == LIMIT
    for at, socket in enumerate(sockets):
        if at not in accepted:
            assert frames[at] == refused
            assert (await socket.closed())[0] == 4504
    await bob.connect()
    await sockets[accepted[0]].close()
    await ada.connect()


async def test_the_sockets_of_a_user_are_bounded_on_all_workers_together(tmp_path: Path) -> None:
    """Also when they come at once, and after Redis forgot them."""
    root = copy_chat(tmp_path, {"config/config_few.py": 'chat = {"user_sockets": 4}\n'})
    async with Server(root, tmp_path / "data", {"YOLK_ENV": "few", "WORKERS": "2"}) as server:
        ada, bob = add_user(server, "ada"), add_user(server, "bob")

        async def is_refused() -> bool:
            socket = await server.connect(f"/ws?token={ada.token}")
            return "type" not in await socket.receive() and (await socket.closed())[0] == 4504

        assert [await is_refused() for _ in range(6)] == [False] * 4 + [True] * 2
        await close_all()
        sockets = await on_every_worker(server, ada.token)
        at_once = await asyncio.gather(*[is_refused() for _ in range(6)])
        assert at_once.count(False) == 2
        assert await is_refused()
        await sockets[0].close()
        await wait_until_accepted(server, ada)
        await bob.connect()

        with closing(redis(server)) as connection:
            connection.flushall()
        async with asyncio.timeout(20):
            while not is_online(server, ada):
                await asyncio.sleep(0.1)
        assert await is_refused()
        await close_all()


async def wait_until_accepted(server: Server, user: User) -> None:
    """Connect until a socket is accepted: a closed one is counted for a moment."""
    async with asyncio.timeout(20):
        while (await (await server.connect(f"/ws?token={user.token}")).receive()).get(
            "type"
        ) is None:
            await asyncio.sleep(0.1)


async def test_the_sockets_from_an_address_are_bounded(tmp_path: Path) -> None:
    """Whoever they belong to, and before any token is verified; IPv6 counts by network."""
    few = 'chat = {"address_sockets": 3}\nproxies = 1\n'
    root = copy_chat(tmp_path, {"config/config_few.py": few})
    async with ChatServer(root, tmp_path / "data", {"YOLK_ENV": "few"}) as server:
        users = [add_user(server, f"user{number}") for number in range(4)]
        sockets = [await user.connect() for user in users[:3]]

        for path in (f"/ws?token={users[3].token}", "/ws?token=rubbish"):
            assert (await (await server.connect(path)).closed())[0] == 4504
        await sockets[0].close()
        await users[3].connect()

        one_network = [{"X-Forwarded-For": f"2001:db8::{number}"} for number in range(4)]
        for headers in one_network[:3]:
            await users[0].connect(additional_headers=headers)
        path = f"/ws?token={users[3].token}"
        refused = await server.connect(path, additional_headers=one_network[3])
        assert (await refused.closed())[0] == 4504
        await users[0].connect(additional_headers={"X-Forwarded-For": "2001:db8:0:1::1"})
        await close_all()
