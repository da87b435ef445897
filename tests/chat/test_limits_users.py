"""Limits of what one user may do, which leave all others alone."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from services.limits.token_buckets import TokenBuckets
from tests.copies import copy_chat
from tests.rows import add_user
from yolk.testing import Server

LIMITS = """
send="5/minute", frames="30/minute", frame_bytes="100000/minute", group="2/hour",
search="3/minute",
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with low limits."""
    folder = tmp_path_factory.mktemp("limited")
    config = {"config/config_limits.py": f"chat = dict(limits=dict({LIMITS}))"}
    root = copy_chat(folder, config)
    running = Server(root, folder / "data", {"YOLK_ENV": "limits"}).start()
    yield running
    running.stop()


async def test_sends_are_limited_by_user(limited: Server) -> None:
    """Over the socket and over HTTP together; another user sends on."""
    ada, bob = add_user(limited, "ada"), add_user(limited, "bob")
    socket = await ada.connect()
    for _ in range(4):
        assert (await socket.request("send", to_id=bob.id, data="x"))["msg"] == "ok"
    await ada.post("/chat/send", to_id=bob.id, data="x")

    refused = await socket.request("send", to_id=bob.id, data="x")
    over_http = await limited.ask(
        "POST", "/chat/send", token=ada.token, json={"to_id": bob.id, "data": "x"}
    )

    assert (refused["code"], refused["temporary"]) == (4154, True)
    assert (over_http.status_code, over_http.json()["code"]) == (429, 4154)
    assert 1 <= int(over_http.headers["Retry-After"]) <= 60
    assert await bob.post("/chat/send", to_id=ada.id, data="x")


async def test_too_many_frames_close_the_socket(limited: Server) -> None:
    """With 4013, also if they come over several sockets."""
    ada = add_user(limited, "ada")
    one, other = await ada.connect(), await ada.connect()
    for socket in (one, other) * 15:
        await socket.send({"type": "ping"})
    await other.send({"type": "ping"})

    assert (await other.closed())[0] == 4013


async def test_too_many_bytes_close_the_socket(limited: Server) -> None:
    """With 4013, however few frames they are."""
    ada = add_user(limited, "ada")
    socket = await ada.connect()
    for _ in range(3):
        await socket.send({"type": "unknown", "data": "x" * 40_000})

    assert (await socket.closed())[0] == 4013


async def test_groups_are_limited_by_user(limited: Server) -> None:
    """The third group of an hour is refused."""
    ada = add_user(limited, "ada")
    answers = [
        await limited.ask("POST", "/chat/groups", token=ada.token, json={"name": "g"})
        for _ in range(3)
    ]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == 4155


async def test_searches_are_limited_by_user(limited: Server) -> None:
    """Searches for users and for messages count together."""
    ada = add_user(limited, "ada")
    paths = ["/users?q=a", "/chat/search?text=hello", "/users?q=" + "a" * 30, "/users?q=b"]
    answers = [await limited.ask("GET", path, token=ada.token) for path in paths]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == 4156


async def test_a_username_of_30_characters_is_found(server: Server) -> None:
    """The longest one, too."""
    name = add_user(server, "x" * 21).username
    assert len(name) == 30

    found = await add_user(server, "ada").get("/users", q=name)

    assert [one["username"] for one in found] == [name]


def test_buckets_fill_with_time() -> None:
    """A refused attempt costs nothing; a full bucket has no more than its size."""
    with patch("services.limits.token_buckets.time.monotonic") as clock:
        clock.return_value = 0.0
        buckets = TokenBuckets("10/10 seconds")
        assert [buckets.take(1) for _ in range(11)] == [0] * 10 + [1]
        assert buckets.take(2, 10) == 0
        assert buckets.take(1, 5) == 5
        clock.return_value = 5.0
        assert buckets.take(1, 5) == 0
        clock.return_value = 1000.0
        assert buckets.take(1, 10) == 0
        assert buckets.take(1) == 1
    assert TokenBuckets("").take(1, 10**9) == 0
