"""One's own logins: listed with their devices, and ended."""

from __future__ import annotations

import pytest

from services.account.devices import device_name
from tests.rows import add_user, database
from yolk.testing import Server, User

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/130.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.47",
            "WeChat on Android",
        ),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("okhttp/4.12.0 (Android 14)", "Android"),
        ("", ""),
        (None, ""),
        ("   ", ""),
        ("\u202eevil\x1b[31m", "evil[31m"),
        ("x" * 500, "x" * 60),
    ],
)
def test_a_device_has_a_short_name(user_agent: str | None, name: str) -> None:
    """The browser and the system, or the first word of any other program."""
    assert device_name(user_agent) == name


async def log_in(server: Server, user: User) -> str:
    """Log in once more, with Firefox, and return the token."""
    answer = await server.ask(
        "POST",
        "/auth/login",
        json={"username": user.username, "password": user.password},
        headers={"user-agent": FIREFOX},
    )
    return str(answer.json()["data"]["token"])


async def test_logins_are_listed_with_device_address_and_last_use(server: Server) -> None:
    """The one used last first; nobody else's are there."""
    grace, _ = await server.user("grace"), await server.user("dan")
    token = await log_in(server, grace)

    logins = await server.get("/account/logins", token=token)

    assert [one["current"] for one in logins] == [True, False]
    assert logins[0]["device"] == "Firefox on Linux"
    assert logins[1]["device"].startswith("python-httpx/")
    for one in logins:
        assert one.keys() == {"id", "device", "address", "create_time", "use_time", "current"}
        assert one["address"] == "127.0.0.1"
        assert one["use_time"] >= one["create_time"] > 1_700_000_000_000
    with database(server) as connection:
        connection.execute("UPDATE session SET expire_time = 1 WHERE id = ?", (logins[1]["id"],))
    assert len(await server.get("/account/logins", token=token)) == 1


async def test_one_login_is_ended(server: Server) -> None:
    """Its sockets close, its tokens are refused, and ending it again ends nothing."""
    grace = await server.user("grace")
    token = await log_in(server, grace)
    socket = await server.connect(f"/ws?token={token}")
    await socket.wait_for(type="connected")
    [other] = [one for one in await grace.get("/account/logins") if not one["current"]]

    assert await grace.post("/account/logins/end", id=other["id"]) == {"ended": 1}

    assert (await socket.closed())[0] == 4505
    answer = await server.ask("GET", "/account/logins", token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, 3005)
    assert await grace.post("/account/logins/end", id=other["id"]) == {"ended": 0}
    assert len(await grace.get("/account/logins")) == 1


@pytest.mark.parametrize("login", ["", "x", "00000000-0000-0000-0000-000000000000"])
async def test_an_unknown_login_ends_nothing(server: Server, login: str) -> None:
    """Whatever the text."""
    grace = await server.user("grace")

    assert await grace.post("/account/logins/end", id=login) == {"ended": 0}


async def test_nobody_elses_login_can_be_ended(server: Server) -> None:
    """Its id is like an unknown one."""
    grace, dan = await server.user("grace"), await server.user("dan")
    [login] = await dan.get("/account/logins")

    assert await grace.post("/account/logins/end", id=login["id"]) == {"ended": 0}
    assert len(await dan.get("/account/logins")) == 1


async def test_all_other_logins_are_ended(server: Server) -> None:
    """This one goes on, with its socket."""
    grace = await server.user("grace")
    here = await grace.connect()
    tokens = [await log_in(server, grace) for _ in range(3)]
    there = [await server.connect(f"/ws?token={token}") for token in tokens]
    for socket in there:
        await socket.wait_for(type="connected")

    assert await grace.post("/account/logins/end_others") == {"ended": 3}

    for socket in there:
        assert (await socket.closed())[0] == 4505
    assert await here.ping()
    [login] = await grace.get("/account/logins")
    assert login["current"]


async def test_a_token_of_no_login_lists_and_ends_the_others(server: Server) -> None:
    """An Egg application's token is in no list; it ends with the others."""
    ada = add_user(server, "ada")

    assert await ada.get("/account/logins") == []
    assert await ada.post("/account/logins/end_others") == {"ended": 0}
    refused = await server.connect(f"/ws?token={ada.token}")
    assert (await refused.closed())[0] == 4505
