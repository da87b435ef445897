"""An Egg application's table of users, whose ids have 32 bits, and ids that have more."""

from __future__ import annotations

import asyncio

import pytest

from tests.conftest import Serve
from tests.databases import Databases
from tests.plugins.test_orm_migrations import egg_table, run_sql
from yolk.testing import Server

LARGE = [2**31, 99_999_999_999, 2**63 - 1]
USERS = 60


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest) -> Databases:
    """Return a maker of databases."""
    found: Databases = request.getfixturevalue(request.param)
    return found


async def start(serve: Serve, url: str) -> Server:
    """Start a chat on an existing table of users."""
    names = ", ".join(f"('user{number}', '')" for number in range(USERS))
    user = "`user`" if url.startswith("mysql") else '"user"'
    await run_sql(url, egg_table(url), f"INSERT INTO {user} (username, password) VALUES {names}")
    return await asyncio.to_thread(serve, DATABASE_URL=url)


async def test_a_token_of_an_id_that_no_column_holds_harms_nobody_else(
    serve: Serve, database: Databases
) -> None:
    """Its user does not exist, and all others who connect at the same time are connected."""
    server = await start(serve, database())
    tokens = [server.token(id=one) for one in range(1, USERS + 1)]
    bad = [server.token(id=one) for one in LARGE]

    sockets = await asyncio.gather(
        *[server.connect(f"/ws?token={token}") for token in (*tokens[:30], *bad, *tokens[30:])]
    )
    good = [*sockets[:30], *sockets[33:]]

    for socket in good:
        assert (await socket.receive())["type"] == "connected"
    for socket in sockets[30:33]:
        assert (await socket.closed())[0] == 4500
        assert socket.passed == [{"msg": "fail", "data": "用户不存在"}]
    await asyncio.sleep(5)  # a round of the check of open sockets
    for socket in good:
        assert await socket.ping()


async def test_no_parameter_can_name_such_an_id_and_fail(serve: Serve, database: Databases) -> None:
    """Wherever a client names a user, one who cannot exist does not exist."""
    server = await start(serve, database())
    token = server.token(id=1)
    socket = await server.connect(f"/ws?token={token}")
    for large in LARGE:
        sent = await socket.request("send", to_id=large, data="hello")
        card = await socket.request("send", to_id=2, type="card", data=f'{{"user_id":{large}}}')
        typing = await socket.request("typing", to_id=large)
        presence = await socket.request("presence", users=[large, 2])
        codes = [sent["code"], card["code"], typing["msg"], presence["data"]]
        assert codes == [2001, 2004, "ok", {"online": []}]
        answer = await server.ask("GET", f"/users/{large}", token=token)
        assert (answer.status_code, answer.json()["code"]) == (404, 2004)
        group = await server.post("/chat/groups", token=token, name="g", users=[large, 2])
        assert "refused" in group
        for path, body in (
            ("/chat/block", {"user_id": large, "on": True}),
            (f"/chat/groups/{group['id']}/invite", {"users": [large, 3]}),
            (f"/chat/groups/{group['id']}/remove", {"users": [large]}),
            (f"/chat/groups/{large}/join", {}),
        ):
            answer = await server.ask("POST", path, token=token, json=body)
            assert answer.status_code in (200, 400, 404), (path, answer.text)
