"""Accounts, sessions and the search for users."""

from __future__ import annotations

import pytest

from tests.rows import disable, rows
from yolk.testing import Server, User


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Return the fields of the answer to a login."""
    return {"id", "username", "nickname", "avatar", "token", "expires_in", "refresh_token"}


async def fails(server: Server, path: str, **body: object) -> tuple[int, int]:
    """Post, and return the status and the error code of the answer."""
    answer = await server.ask("POST", path, json=body)
    assert answer.json()["msg"] == "fail"
    return answer.status_code, answer.json().get("code")


async def test_register_and_login_return_the_same_fields(server: Server, names: set[str]) -> None:
    """Both return tokens and the user; the password is stored as an argon2 hash only."""
    grace = await server.user("grace")

    login = await server.post("/auth/login", username=grace.username, password=grace.password)

    assert set(login) == names
    assert login["id"] == grace.id
    assert login["nickname"] == grace.username
    [(stored,)] = rows(server, "SELECT password FROM user WHERE id = ?", grace.id)
    assert stored.startswith("$argon2id$")


async def test_a_taken_username_is_refused(server: Server) -> None:
    """Usernames are unique."""
    grace = await server.user("grace")

    taken = await fails(server, "/auth/register", username=grace.username, password="another one")

    assert taken == (400, 3011)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "x", "password": "long enough"},
        {"username": "has blanks", "password": "long enough"},
        {"username": "x" * 31, "password": "long enough"},
        {"username": "someone", "password": "short"},
        {"username": "someone", "password": "x" * 129},
        {"username": 7, "password": ["long enough"]},
    ],
)
async def test_the_invalid_field_of_a_registration_is_named(
    server: Server, body: dict[str, object]
) -> None:
    """A missing or invalid field is answered with 400 and a text that names it."""
    answer = await server.ask("POST", "/auth/register", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)
    assert "username" in answer.json()["data"] or "password" in answer.json()["data"]


async def test_a_wrong_password_and_an_unknown_username_have_one_answer(server: Server) -> None:
    """A login does not reveal which usernames exist."""
    grace = await server.user("grace")

    wrong = await fails(server, "/auth/login", username=grace.username, password="wrong")
    unknown = await fails(server, "/auth/login", username="nobody-here", password="wrong")

    assert wrong == unknown == (401, 3010)


async def test_refresh_tokens_are_stored_as_hashes(server: Server) -> None:
    """The database contains nothing that can be used to log in."""
    grace = await server.user("grace")

    [(stored,)] = rows(server, "SELECT refresh_hash FROM session WHERE user_id = ?", grace.id)

    assert grace.refresh_token not in stored
    assert len(stored) == 64


async def test_a_logout_revokes_one_session(server: Server) -> None:
    """Its sockets are closed with 4505 and its tokens are refused; another device stays online."""
    grace = await server.user("grace")
    other = await server.post("/auth/login", username=grace.username, password=grace.password)
    here = await grace.connect()
    there = await server.connect(f"/ws?token={other['token']}")

    await grace.post("/auth/logout")

    code, _ = await here.closed()
    assert (here.passed[-1], code) == ({"msg": "fail", "data": "你已退出登录"}, 4505)
    refused = await server.connect(f"/ws?token={grace.token}")
    assert (await refused.closed())[0] == 4505
    assert await fails(server, "/auth/refresh", refresh_token=grace.refresh_token) == (401, 3012)
    answer = await server.ask("GET", "/users?q=a", token=grace.token)
    assert (answer.status_code, answer.json()["code"]) == (401, 3005)
    assert await there.ping()
    await there.close()


async def test_a_disabled_user_cannot_log_in(server: Server) -> None:
    """Neither the password nor the refresh token is accepted."""
    grace = await server.user("grace")
    disable(server, grace)

    by_password = await fails(
        server, "/auth/login", username=grace.username, password=grace.password
    )
    by_token = await fails(server, "/auth/refresh", refresh_token=grace.refresh_token)

    assert by_password == by_token == (403, 3004)


async def test_users_are_found_by_the_beginning_of_their_username(
    server: Server, ada: User
) -> None:
    """The text has no wildcards, and no password is returned."""
    grace = await server.user("grace_%x")
    await ada.connect()

    found = await grace.get("/users", q=grace.username[:12])
    none = await grace.get("/users", q="g%")
    hers = await grace.get("/users", q=ada.username)

    person = {"id": grace.id, "username": grace.username, "nickname": grace.username}
    assert found == [{**person, "avatar": "", "online": False}]
    assert none == []
    assert hers[0]["online"]
    assert await grace.get(f"/users/{ada.id}") == hers[0]
