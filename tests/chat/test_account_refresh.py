"""Refresh tokens: lost answers, requests at once, and thieves."""

from __future__ import annotations

import asyncio
import base64

import pytest

from tests.rows import database, rows
from yolk.testing import Server, User

REUSED = (401, 3100)
ENDED = (401, 3012)


@pytest.fixture
async def grace(server: Server) -> User:
    """Return a registered user."""
    return await server.user("grace")


async def refresh(server: Server, token: str) -> tuple[str, str]:
    """Refresh, and return the new refresh token and access token."""
    login = await server.post("/auth/refresh", refresh_token=token)
    return login["refresh_token"], login["token"]


async def refused(server: Server, token: str) -> tuple[int, int]:
    """Try to refresh, and return the status and the error code."""
    answer = await server.ask("POST", "/auth/refresh", json={"refresh_token": token})
    return answer.status_code, answer.json().get("code")


def pass_time(server: Server, user: User, seconds: int) -> None:
    """Let the last rotation be earlier."""
    with database(server) as connection:
        connection.execute(
            "UPDATE session SET refresh_time = refresh_time - ? WHERE user_id = ?",
            (seconds * 1000, user.id),
        )


async def use(server: Server, user: User, token: str) -> None:
    """Use an access token, and wait until the use is stored."""
    await server.get("/users", token=token, q="a")
    query = "SELECT COUNT(*) FROM session WHERE user_id = ? AND used_generation = generation"
    async with asyncio.timeout(10):
        while rows(server, query, user.id) != [(1,)]:
            await asyncio.sleep(0.05)


async def test_requests_at_once_get_the_same_tokens(server: Server, grace: User) -> None:
    """Parallel refreshes with one token all succeed, with one successor that works."""
    fresh = await asyncio.gather(*(refresh(server, grace.refresh_token) for _ in range(8)))

    (successor,) = {token for token, _ in fresh}
    assert successor != grace.refresh_token
    assert (await refresh(server, successor))[0] not in (successor, grace.refresh_token)
    for _, token in fresh:
        await server.get("/users", token=token, q="a")


async def test_a_lost_answer_can_be_asked_for_again_much_later(server: Server, grace: User) -> None:
    """While nothing of the answer was used, the old token returns the same successor."""
    lost, _ = await refresh(server, grace.refresh_token)
    pass_time(server, grace, 24 * 3600)

    again, token = await refresh(server, grace.refresh_token)

    assert again == lost
    await use(server, grace, token)
    await refresh(server, again)


async def test_within_the_grace_the_old_token_returns_the_same_successor(
    server: Server, grace: User
) -> None:
    """Even after the new access token was used: two tabs share one login."""
    first, token = await refresh(server, grace.refresh_token)
    await use(server, grace, token)

    second, _ = await refresh(server, grace.refresh_token)

    assert second == first
    await refresh(server, first)


async def test_a_replaced_token_ends_the_login_once_the_new_access_token_was_used(
    server: Server, grace: User
) -> None:
    """After the grace, the old token was stolen; both parties learn why they have to log in."""
    first, token = await refresh(server, grace.refresh_token)
    await use(server, grace, token)
    pass_time(server, grace, 31)
    socket = await server.connect(f"/ws?token={token}")
    await socket.wait_for(type="connected")

    assert await refused(server, grace.refresh_token) == REUSED
    assert await refused(server, first) == REUSED
    assert (await socket.closed())[0] == 4505
    answer = await server.ask("GET", "/users?q=a", token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, 3005)


async def test_a_socket_counts_as_a_use(server: Server, grace: User) -> None:
    """An access token that opens a socket, also with a ticket, proves that its answer arrived."""
    _, token = await refresh(server, grace.refresh_token)
    socket = await server.connect(f"/ws?token={token}")
    await socket.wait_for(type="connected")
    await use(server, grace, token)
    pass_time(server, grace, 31)

    assert await refused(server, grace.refresh_token) == REUSED


async def test_an_old_access_token_does_not_count_as_a_use(server: Server, grace: User) -> None:
    """The access token of before says nothing about the answer to the refresh."""
    lost, _ = await refresh(server, grace.refresh_token)
    await server.get("/users", token=grace.token, q="a")
    await asyncio.sleep(1.5)  # longer than uses are collected
    pass_time(server, grace, 31)

    assert (await refresh(server, grace.refresh_token))[0] == lost


async def test_a_token_before_the_previous_one_ends_the_login(server: Server, grace: User) -> None:
    """However old it is, and however recent the last rotation."""
    first, _ = await refresh(server, grace.refresh_token)
    second, _ = await refresh(server, first)
    third, _ = await refresh(server, second)

    assert await refused(server, grace.refresh_token) == REUSED
    assert await refused(server, third) == REUSED


async def test_a_thief_within_the_grace_is_noticed_when_the_victim_returns(
    server: Server, grace: User
) -> None:
    """Both get the same successor; whoever uses an older token later ends the login."""
    first, _ = await refresh(server, grace.refresh_token)
    stolen, _ = await refresh(server, grace.refresh_token)
    assert stolen == first
    second, token = await refresh(server, stolen)
    await use(server, grace, token)
    pass_time(server, grace, 31)

    assert await refused(server, first) == REUSED
    assert await refused(server, second) == REUSED


async def test_only_real_tokens_end_a_login(server: Server, grace: User) -> None:
    """Whoever knows a session's id, but no token of it, cannot end it."""
    [(session,)] = rows(server, "SELECT id FROM session WHERE user_id = ?", grace.id)
    raw = base64.urlsafe_b64decode(grace.refresh_token)
    assert raw[:16].hex() == session.replace("-", "")
    forged = base64.urlsafe_b64encode(raw[:16] + bytes(50)).decode()

    assert await refused(server, forged) == ENDED
    for token in ("", "x", "é", grace.refresh_token[:-1], grace.refresh_token + "AAAA"):
        assert await refused(server, token) == ENDED
    await refresh(server, grace.refresh_token)


async def test_an_expired_token_ends_nothing(server: Server, grace: User) -> None:
    """An expired login answers that one has to log in."""
    with database(server) as connection:
        connection.execute("UPDATE session SET expire_time = 1 WHERE user_id = ?", (grace.id,))

    assert await refused(server, grace.refresh_token) == ENDED


async def test_a_login_of_an_earlier_version_goes_on(server: Server, grace: User) -> None:
    """Random refresh tokens, which earlier versions issued, are replaced by derived ones."""
    hashed = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of "test"
    with database(server) as connection:
        connection.execute(
            "UPDATE session SET refresh_hash = ? WHERE user_id = ?", (hashed, grace.id)
        )

    fresh, _ = await refresh(server, "test")

    assert (await refresh(server, "test"))[0] == fresh
    await refresh(server, fresh)


async def test_a_logout_with_the_old_refresh_token_ends_the_login(
    server: Server, grace: User
) -> None:
    """A client whose refresh was not answered logs out nevertheless."""
    fresh, _ = await refresh(server, grace.refresh_token)
    elsewhere = server.token(id=grace.id)

    await server.post("/auth/logout", token=elsewhere, refresh_token=grace.refresh_token)

    assert await refused(server, fresh) == ENDED
