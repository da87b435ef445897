"""Limits of what one user may do, which leave all others alone."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from services.limits.token_buckets import TokenBuckets
from tests.copies import copy_chat
from tests.groups import acquaint, in_group, make_group, people, refusal
from tests.rows import add_user
from tests.servers import ChatServer
from yolk.testing import Server, User

LIMITS = """
send="5/minute", frames="30/hour", frame_bytes="100000/hour", group="2/hour",
search="3/minute", members="4/hour", invitation="3/hour", strangers="3/hour",
stranger_messages="4/hour", typing="3/hour", presence="5/hour",
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with low limits."""
    folder = tmp_path_factory.mktemp("limited")
    chat = f"chat = dict(watched_users=4, limits=dict({LIMITS}))"
    config = {"config/config_limits.py": chat}
    root = copy_chat(folder, config)
    running = ChatServer(root, folder / "data", {"YOLK_ENV": "limits"}).start()
    yield running
    running.stop()


async def test_sends_are_limited_by_user(limited: Server) -> None:
    """Over the socket and over HTTP together; another user sends on."""
    ada, bob = people(limited, 2)
    acquaint(ada, bob)
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


async def refused(user: User, path: str, **body: object) -> int:
    """Send a request that is refused with 429 and Retry-After, and return the code."""
    answer = await user.server.ask("POST", path, token=user.token, json=body)
    assert answer.status_code == 429, answer.text
    assert answer.json()["temporary"] is True
    assert int(answer.headers["Retry-After"]) >= 1
    return int(answer.json()["code"])


async def test_members_are_counted_by_user_and_not_by_request(limited: Server) -> None:
    """Of all groups together; one large request is refused as many small ones are."""
    ada, *others = people(limited, 6)
    acquaint(ada, *others)
    ids = [one.id for one in others]

    assert await refused(ada, "/chat/groups", name="g", members=ids) == 4200
    group = await make_group(ada, *others[:3])
    assert await refused(ada, f"/chat/groups/{group['id']}/invite", users=ids[3:]) == 4200
    added = await in_group(ada, group, "/invite", users=ids[3:4])

    assert added["joined"] == ids[3:4]
    assert await refused(ada, f"/chat/groups/{group['id']}/invite", users=ids[4:]) == 4200


async def test_invitations_and_links_are_limited_by_user(limited: Server) -> None:
    """They count together, invitations by user. Who is no member learns nothing of the limit."""
    ada, *strangers = people(limited, 6)
    ids = [one.id for one in strangers]
    assert await refused(ada, "/chat/groups", name="g", members=ids) == 4201
    group = await make_group(ada)
    path = f"/chat/groups/{group['id']}"
    invited = await ada.post(f"{path}/invite", users=ids[:2])
    assert invited["invited"] == ids[:2]
    await ada.post(f"{path}/links")

    assert await refused(ada, f"{path}/links") == 4201
    assert await refused(ada, f"{path}/invite", users=ids[2:3]) == 4201
    assert await refusal(strangers[0], group, "/invite", users=ids) == (404, 2010)


async def test_strangers_are_limited_by_user(limited: Server) -> None:
    """The fourth one of an hour is refused; users who wrote to one are none."""
    ada, friend, *strangers = people(limited, 6)
    acquaint(ada, friend)
    for stranger in strangers[:3]:
        await ada.post("/chat/send", to_id=stranger.id, data="hello")

    assert await refused(ada, "/chat/send", to_id=strangers[3].id, data="hello") == 4202
    await ada.post("/chat/send", to_id=friend.id, data="hello")
    await friend.post("/chat/send", to_id=strangers[3].id, data="hello")


async def test_messages_to_strangers_are_limited(limited: Server) -> None:
    """Until they answer. A repetition of a stored message gets the first answer."""
    ada, bob = people(limited, 2)
    sent = [await ada.post("/chat/send", to_id=bob.id, cid=f"{n}", data="hi") for n in range(4)]

    assert await refused(ada, "/chat/send", to_id=bob.id, cid="4", data="hi") == 4203
    again = await limited.ask(
        "POST", "/chat/send", token=ada.token, json={"to_id": bob.id, "cid": "3", "data": "hi"}
    )

    assert again.status_code == 429, "the limit of all messages of the user comes first"
    assert len(sent) == 4


async def test_typing_is_limited_by_user(limited: Server) -> None:
    """Over all sockets; the socket stays open."""
    ada, bob = people(limited, 2)
    socket = await ada.connect()
    answers = [await socket.request("typing", to_id=bob.id) for _ in range(4)]

    assert [one["msg"] for one in answers] == ["ok", "ok", "ok", "fail"]
    assert answers[3]["code"] == 4205
    assert await refused(ada, "/chat/typing", to_id=bob.id) == 4205
    assert await socket.ping()


async def test_presence_is_limited_by_user_and_by_socket(limited: Server) -> None:
    """A socket watches only so many users, and a user asks only for so many in a time."""
    ada, bob = people(limited, 2)
    hers, his = await ada.connect(), await bob.connect()

    assert (await hers.request("presence", users=[1, 2, 3, 4, 5]))["code"] == 4204
    assert (await his.request("presence", users=[1, 2, 3]))["msg"] == "ok"
    assert (await his.request("presence", users=[4, 5, 6]))["code"] == 4204
    assert await refused(bob, "/chat/presence", users=[1, 2, 3]) == 4204
    assert (await his.request("presence", users=[1, 2]))["msg"] == "ok"


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
