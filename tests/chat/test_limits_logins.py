"""Limits of logins and registrations: they hold before a password is hashed."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Serve
from tests.copies import copy_chat
from tests.servers import ChatServer
from yolk.testing import Server, User

WRONG = "a wrong password"

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts a chat with a limit, such as "register = '2/hour'".

    Further arguments are lines of its configuration.
    """
    running: list[Server] = []

    def with_limit(limit: str, *lines: str) -> Server:
        text = "\n".join([f"auth = dict(limits=dict({limit}))", *lines])
        config = {"config/config_limits.py": text}
        root = copy_chat(tmp_path, config)
        running.append(ChatServer(root, tmp_path / "data", {"YOLK_ENV": "limits"}))
        return running[0].start()

    yield with_limit
    for one in running:
        one.stop()


def client(server: Server, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Return a client that connects from *address*."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30, transport=transport)


async def login(
    server: Server, username: str, password: str, address: str = "127.0.0.1"
) -> httpx.Response:
    """Log in from an address, and return the answer."""
    async with client(server, address) as http:
        body = {"username": username, "password": password}
        return await http.post("/auth/login", json=body)


async def guess(
    http: httpx.AsyncClient, username: str | None, until: float, seen: Counter[int]
) -> None:
    """Send wrong passwords until a time, to one account or to a different one each time."""
    while time.monotonic() < until:
        body = {"username": username or secrets.token_hex(6), "password": WRONG}
        answer = await http.post("/auth/login", json=body)
        seen[answer.status_code] += 1


async def seconds_of_login(server: Server, user: User, address: str = "127.0.0.1") -> float:
    """Return how long a login takes, which must succeed."""
    began = time.monotonic()
    answer = await login(server, user.username, user.password, address)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


async def test_guesses_delay_nobody(serve: Serve) -> None:
    """While 75 clients guess from the same address and others, logins take less than 2 s."""
    server = serve()
    grace, victim = await server.user("grace"), await server.user("victim")
    alone = max([await seconds_of_login(server, grace) for _ in range(2)])
    seen: Counter[int] = Counter()
    until = time.monotonic() + 6
    targets = [victim.username] * 25 + [None] * 50
    async with client(server) as http:
        guessing = [asyncio.create_task(guess(http, one, until, seen)) for one in targets]
        await asyncio.sleep(1)

        took = [await seconds_of_login(server, grace) for _ in range(2)]
        took.append(await seconds_of_login(server, grace, "127.0.0.2"))
        took.append(await seconds_of_login(server, victim, "127.0.0.3"))
        await asyncio.gather(*guessing)

    assert max(took) < max(2, 4 * alone), "on a busy machine a hash alone may take as long"
    assert set(seen) == {401, 429}
    assert seen[401] <= 10 + 15, "hashes were computed for few of them only"


async def test_too_many_wrong_passwords_say_when_to_come_back(serve: Serve) -> None:
    """After ten wrong passwords even the right one has to wait; elsewhere the owner logs in."""
    server = serve()
    grace = await server.user("grace")

    answers = [await login(server, grace.username, WRONG) for _ in range(11)]
    right = await login(server, grace.username, grace.password)
    elsewhere = await login(server, grace.username, grace.password, "127.0.0.2")

    assert [one.status_code for one in answers] == [401] * 10 + [429]
    assert right.status_code == 429
    assert right.json()["code"] == 4150
    assert right.json()["temporary"] is True
    assert 1 <= int(right.headers["Retry-After"]) <= 300
    assert elsewhere.status_code == 200


async def test_a_login_forgets_earlier_failures(server: Server) -> None:
    """Wrong passwords before a right one do not count any more."""
    grace = await server.user("grace")

    for _ in range(3):
        for _ in range(4):
            assert (await login(server, grace.username, WRONG)).status_code == 401
        assert (await login(server, grace.username, grace.password)).status_code == 200


async def test_an_account_under_attack_keeps_its_known_addresses(start: Start) -> None:
    """Guesses from many addresses lock out new addresses only, and only for a time."""
    server = start("login_account = '20/hour'")
    grace = await server.user("grace")
    answers: Counter[int] = Counter()
    for address in range(2, 5):
        async with client(server, f"127.0.1.{address}") as http:
            for _ in range(9):
                body = {"username": grace.username, "password": WRONG}
                answer = await http.post("/auth/login", json=body)
                answers[answer.status_code] += 1

    new = await login(server, grace.username, grace.password, "127.0.2.1")
    known = await login(server, grace.username, grace.password)

    assert answers == {401: 20, 429: 7}
    assert new.status_code == 429
    assert known.status_code == 200


async def test_registrations_are_limited_by_address(start: Start) -> None:
    """More than so many accounts from one address are refused; other addresses are free."""
    server = start("register = '2/hour'")
    await server.user("one")
    await server.user("two")

    body = {"username": "three-" + secrets.token_hex(4), "password": "correct horse"}
    third = await server.ask("POST", "/auth/register", json=body)
    async with client(server, "127.0.0.2") as http:
        elsewhere = await http.post("/auth/register", json=body)

    assert third.status_code == 429
    assert third.json()["code"] == 4152
    assert int(third.headers["Retry-After"]) > 60
    assert elsewhere.status_code == 200


async def test_tickets_are_limited_by_user(serve: Serve) -> None:
    """More than 120 tickets a minute are refused."""
    server = serve()
    grace, other = await server.user("grace"), await server.user("other")

    answers = [
        await server.ask("POST", "/auth/ticket", token=grace.token, json={}) for _ in range(121)
    ]

    assert Counter(one.status_code for one in answers) == {200: 120, 429: 1}
    assert answers[-1].json()["code"] == 4153
    assert await other.post("/auth/ticket")
