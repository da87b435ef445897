"""Who may open a socket, and what the others are told: the seed's frames, to the letter."""

from __future__ import annotations

import time
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import Serve
from tests.rows import add_user, disable
from tests.uploads import uploaded
from yolk.testing import Server, User


async def refused(server: Server, path: str) -> tuple[Any, int | None]:
    """Connect, and give the frame and the close code that come instead of a greeting."""
    socket = await server.connect(path)
    code, _ = await socket.closed()
    assert len(socket.passed) == 1
    return socket.passed[0], code


async def test_a_good_token_is_greeted(ada: User) -> None:
    """The first frame says that the socket is registered, with what the client needs to know."""
    socket = await ada.connect()

    greeting = socket.passed[0]
    assert greeting["type"] == "connected"
    assert set(greeting["data"]) == {"socket", "server_time", "heartbeat_ms", "max_message_size"}
    assert greeting["data"]["max_message_size"] == 1024 * 1024
    assert abs(greeting["data"]["server_time"] - time.time() * 1000) < 60_000


@pytest.mark.parametrize("query", ["", "?token=", "?token=rubbish", "?ticket=rubbish"])
async def test_no_token_and_a_bad_one_are_refused(server: Server, query: str) -> None:
    """Without a valid token, the seed's text is sent, and then the close code 4502."""
    assert await refused(server, f"/ws{query}") == (
        {"msg": "fail", "data": "Token 令牌不合法!"},
        4502,
    )


async def test_an_expired_token_is_told_so(server: Server, ada: User) -> None:
    """An expired token has its own code: the client refreshes it and reconnects."""
    token = server.token(id=ada.id, exp=int(time.time()) - 1)

    assert await refused(server, f"/ws?token={token}") == (
        {"msg": "fail", "data": "token 已过期! 请重新获取令牌"},
        4009,
    )


async def test_an_unknown_user_is_told_so(server: Server) -> None:
    """A valid token of a user who does not exist is refused with 4500."""
    assert await refused(server, f"/ws?token={server.token(id=2**40)}") == (
        {"msg": "fail", "data": "用户不存在"},
        4500,
    )


async def test_a_disabled_user_is_told_so(server: Server, ada: User) -> None:
    """A user with status 0 is refused with 4501, over HTTP with 403."""
    disable(server, ada)

    assert await refused(server, f"/ws?token={ada.token}") == (
        {"msg": "fail", "data": "你已被禁用"},
        4501,
    )
    answer = await server.ask("GET", "/users?q=a", token=ada.token)
    assert (answer.status_code, answer.json()["code"]) == (403, 3004)


async def test_the_token_comes_in_any_of_three_ways(server: Server, ada: User) -> None:
    """As `?token=`, as `Authorization: Bearer`, and in the header `token` of Egg's clients."""
    for headers in ({"Authorization": f"Bearer {ada.token}"}, {"token": ada.token}):
        socket = await server.connect("/ws", additional_headers=headers)
        assert (await socket.receive())["type"] == "connected"
        await socket.close()


async def test_digits_name_a_user_as_a_number_does(server: Server, ada: User) -> None:
    """Egg applications sign ids as text, too."""
    socket = await server.connect(f"/ws?token={server.token(id=str(ada.id))}")

    assert (await socket.receive())["type"] == "connected"
    await socket.close()


async def test_a_ticket_opens_one_socket(server: Server, ada: User) -> None:
    """A ticket stands for the token once, and is worth nothing afterwards."""
    ticket = (await ada.post("/auth/ticket"))["ticket"]
    socket = await server.connect(f"/ws?ticket={ticket}")

    assert (await socket.receive())["type"] == "connected"
    assert (await refused(server, f"/ws?ticket={ticket}"))[1] == 4502
    await socket.close()


async def test_plain_http_is_told_to_upgrade(server: Server) -> None:
    """GET /ws without an upgrade gets 426 and the seed's words."""
    answer = await server.ask("GET", "/ws")

    assert answer.status_code == 426
    assert answer.headers["upgrade"] == "websocket"
    assert answer.json() == {"msg": "fail", "data": "非法访问"}


async def test_an_unknown_path_is_not_upgraded(server: Server, ada: User) -> None:
    """A socket at an unknown path gets 404 over HTTP."""
    with pytest.raises(InvalidStatus) as refusal:
        await server.connect(f"/nowhere?token={ada.token}")

    assert refusal.value.response.status_code == 404


async def test_no_secret_reaches_the_log(serve: Serve) -> None:
    """With the access log on, no token, ticket or signature is printed, whichever way it came."""
    server = serve(SANIC_ACCESS_LOG="true")
    ada = add_user(server, "ada")
    ticket = (await ada.post("/auth/ticket"))["ticket"]
    await (await server.connect(f"/ws?ticket={ticket}")).close()
    await (await server.connect(f"/ws?token={ada.token}")).close()
    await server.ask("GET", f"/users?q=a&token={ada.token}&limit=7")
    await server.ask("GET", f"/nowhere?token={ada.token}")
    await (await server.connect(f"/ws?%74oken={ada.token}")).close()
    await server.ask("GET", f"/nowhere/{ada.token}")
    file = await uploaded(ada, "a.txt", b"words")
    links = (await ada.post("/files/links", ids=[file["id"]]))["links"]
    signed = links[file["id"]]["url"]
    assert (await server.ask("GET", signed)).status_code == 200

    server.stop()

    assert "/users?q=a&token=***&limit=7" in server.output
    assert ada.token not in server.output
    assert ticket not in server.output
    assert "&signature=***" in server.output
    assert signed.partition("signature=")[2] not in server.output
