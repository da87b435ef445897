"""Coming back: sync, pull, and what changes earlier messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import Message
from services.conversation.sql.ranges import read_ranges
from tests.copies import copy_chat
from tests.databases import database_url, open_orm
from tests.groups import acquaint
from tests.rows import add_user, database, rows
from tests.servers import ChatServer
from yolk.testing import Server, Socket, User

__all__ = ["database_url"]


def conversation(one: User, other: User) -> str:
    """Return the conversation of two users."""
    return f"s:{min(one.id, other.id)}:{max(one.id, other.id)}"


async def write(sender: User, receiver: User, count: int) -> None:
    """Send messages over HTTP."""
    for number in range(1, count + 1):
        await sender.post("/chat/send", to_id=receiver.id, data=str(number))


async def sync(socket: Socket, **asked: Any) -> Any:
    """Sync, and give the answer's data."""
    return (await socket.request("sync", **asked))["data"]


async def test_sync_gives_what_was_missed(ada: User, bob: User) -> None:
    """With a cursor come the messages after it, in order; then there is nothing more."""
    await write(ada, bob, 10)
    socket = await bob.connect()
    conv = conversation(ada, bob)

    answer = await sync(socket, cursors={conv: 4})
    again = await sync(socket, cursors={conv: 10})

    [missed] = answer["conversations"]
    assert [message["seq"] for message in missed["messages"]] == [5, 6, 7, 8, 9, 10]
    assert (missed["last_seq"], missed["unread"], missed["more"]) == (10, 10, False)
    assert not answer["more"]
    assert again["conversations"][0]["messages"] == []


async def test_without_a_cursor_the_newest_few_come(ada: User, bob: User) -> None:
    """A new device gets the end of each conversation, and pulls earlier messages."""
    await write(ada, bob, 10)
    socket = await bob.connect()

    [missed] = (await sync(socket, limit=3))["conversations"]
    pulled = await socket.request("pull", conv=missed["conv"], before=8, limit=4)

    assert [message["seq"] for message in missed["messages"]] == [8, 9, 10]
    assert [message["seq"] for message in pulled["data"]["messages"]] == [4, 5, 6, 7]
    assert pulled["data"]["more"]


async def test_a_limit_cuts_and_says_so(ada: User, bob: User) -> None:
    """The rest comes with another sync from where the answer ended."""
    await write(ada, bob, 7)
    socket = await bob.connect()
    conv = conversation(ada, bob)
    cursor, got = 0, []

    while True:
        [missed] = (await sync(socket, cursors={conv: cursor}, limit=3))["conversations"]
        got += [message["seq"] for message in missed["messages"]]
        cursor = got[-1]
        if not missed["more"]:
            break

    assert got == [1, 2, 3, 4, 5, 6, 7]


async def test_many_conversations_come_in_one_answer(server: Server, ada: User) -> None:
    """The latest comes first; a conversation that the user is not in is reported as gone."""
    friends = [add_user(server, f"friend{number}") for number in range(30)]
    for friend in friends:
        await friend.post("/chat/send", to_id=ada.id, data=friend.username)
    socket = await ada.connect()

    answer = await sync(socket, cursors={"s:1:999999": 7})

    there, gone = answer["conversations"][:-1], answer["conversations"][-1]
    assert [one["messages"][0]["data"] for one in there] == [
        friend.username for friend in reversed(friends)
    ]
    assert (gone["conv"], gone["gone"]) == ("s:1:999999", True)


async def test_what_comes_after_the_greeting_is_pushed_or_synced(ada: User, bob: User) -> None:
    """A message between two connections is in the sync; one after the greeting is pushed."""
    await write(ada, bob, 1)
    socket = await bob.connect()
    await write(ada, bob, 1)

    pushed = await socket.wait_for(type="message")
    [missed] = (await sync(socket, cursors={conversation(ada, bob): 0}))["conversations"]

    assert pushed["data"]["seq"] == 2
    assert [message["seq"] for message in missed["messages"]] == [1, 2]


async def test_ranges_are_the_same_on_every_database(tmp_path: Path, database_url: str) -> None:
    """Each range returns its own messages, in order, and none of another conversation."""
    async with open_orm(tmp_path, database_url) as host:
        await Message.bulk_create(
            [
                Message(
                    conv=f"s:{conv}:{conv}",
                    seq=seq,
                    number=seq,
                    from_id=conv,
                    to_id=conv,
                    chat_type="single",
                    type="text",
                    data=f"{conv}-{seq}",
                    options='{"a":1}' if seq == 5 else None,
                )
                for conv in (1, 2, 3)
                for seq in range(1, 11)
            ]
        )

        found = await read_ranges(
            host.orm.connection,
            host.orm.dialect,
            [("s:1:1", 3, 6), ("s:3:3", 9, 99), ("s:4:4", 0, 9)],
        )

        assert {conv: [one.data for one in messages] for conv, messages in found.items()} == {
            "s:1:1": ["1-4", "1-5", "1-6"],
            "s:3:3": ["3-10"],
        }
        assert bytes(found["s:1:1"][1].options or b"") == b'{"a":1}'
        assert found["s:1:1"][0].options is None


async def test_a_recall_removes_the_content_and_tells_everybody(
    server: Server, ada: User, bob: User
) -> None:
    """The text is removed from the database; all are notified by push or sync."""
    hers, his = await ada.connect(), await bob.connect()
    sent = (await hers.request("send", to_id=bob.id, cid="1", data="a secret"))["data"]
    await his.wait_for(type="message")

    answer = (await hers.request("recall", id=sent["id"]))["data"]
    pushed = (await his.wait_for(type="message"))["data"]
    [missed] = (await sync(his, cursors={sent["conv"]: 0}))["conversations"]

    assert pushed == answer
    assert (pushed["type"], pushed["seq"], pushed["options"]) == (
        "recall",
        2,
        {"target": sent["id"], "seq": 1},
    )
    assert [(one["type"], one["data"], one["isremove"]) for one in missed["messages"]] == [
        ("text", "", 1),
        ("recall", "", 0),
    ]
    assert missed["unread"] == 1  # the recall itself does not count
    assert not rows(server, "SELECT 1 FROM message WHERE data LIKE '%secret%'")


async def test_recalling_again_gives_the_same_entry(ada: User, bob: User) -> None:
    """Over HTTP as the seed has it, and over the socket; nothing is stored twice."""
    socket = await ada.connect()
    sent = (await socket.request("send", to_id=bob.id, cid="1", data="x"))["data"]

    first = await ada.post("/chat/recall", id=sent["id"])
    again = (await socket.request("recall", id=sent["id"]))["data"]
    following = (await socket.request("send", to_id=bob.id, cid="2", data="y"))["data"]

    assert first == again
    assert following["seq"] == 3


async def test_only_ones_own_message_and_only_soon(server: Server, ada: User, bob: User) -> None:
    """A message of another user is not found; after two minutes it is too late."""
    hers, his = await ada.connect(), await bob.connect()
    sent = (await hers.request("send", to_id=bob.id, cid="1", data="x"))["data"]

    others = await his.request("recall", id=sent["id"])
    unknown = await hers.request("recall", id="01a20787-0000-7000-8000-000000000000")
    rubbish = await hers.request("recall", id="rubbish")
    with database(server) as connection:
        connection.execute(
            "UPDATE message SET create_time = create_time - 121000 WHERE conv = ?", (sent["conv"],)
        )
    late = await hers.request("recall", id=sent["id"])

    assert [one["code"] for one in (others, unknown, rubbish, late)] == [2006, 2006, 2006, 2007]


async def test_typing_is_pushed_and_never_stored(server: Server, ada: User, bob: User) -> None:
    """The other sees it, while connected; nothing of it is kept."""
    hers, his = await ada.connect(), await bob.connect()

    acquaint(ada, bob)
    assert (await hers.request("typing", to_id=bob.id))["msg"] == "ok"

    pushed = await his.wait_for(type="typing")
    assert pushed["data"] == {"from_id": ada.id, "to_id": bob.id, "chat_type": "single"}
    assert not rows(server, "SELECT 1 FROM message WHERE from_id = ?", ada.id)


async def test_reading_over_http_is_reading(ada: User, bob: User) -> None:
    """POST /chat/read does the same as the frame `read`."""
    await write(ada, bob, 3)

    await bob.post("/chat/read", conv=conversation(ada, bob), seq=3)

    assert (await bob.get("/chat/conversations"))[0]["unread"] == 0


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with two workers and a quick heartbeat."""
    folder = tmp_path_factory.mktemp("quick")
    root = copy_chat(folder, {"config/config_quick.py": 'websocket = {"heartbeat": 0.2}\n'})
    running = ChatServer(root, folder / "data", {"WORKERS": "2", "YOLK_ENV": "quick"}).start()
    yield running
    running.stop()


async def test_a_pong_says_what_arrived(quick: Server) -> None:
    """A client that only listens gets nothing twice; the author sees that it was delivered."""
    ada, bob = add_user(quick, "ada"), add_user(quick, "bob")
    hers, his = await ada.connect(), await bob.connect()
    for number in range(1, 4):
        await hers.request("send", to_id=bob.id, cid=str(number), data=str(number))
        await his.wait_for(type="message")

    while (await hers.wait_for(type="receipt"))["data"]["delivered_seq"] < 3:
        pass

    assert await bob.post("/chat/getmessage") == []


async def test_a_lost_push_stops_the_cursor(quick: Server) -> None:
    """`getmessage` returns the message that was not pushed, and all after it."""
    ada, bob = add_user(quick, "ada"), add_user(quick, "bob")
    await write(ada, bob, 1)  # while he is away: this one is not pushed
    his = await bob.connect()
    hers = await ada.connect()
    await hers.request("send", to_id=bob.id, cid="2", data="2")
    await his.wait_for(type="message")

    # His pongs come meanwhile: the second message is proven, the first is not.
    carol = add_user(quick, "carol")
    theirs = await carol.connect()
    await theirs.request("send", to_id=bob.id, cid="1", data="later")
    while (await theirs.wait_for(type="receipt"))["data"]["delivered_seq"] < 1:
        pass

    waiting = await bob.post("/chat/getmessage")
    assert [message["data"] for message in waiting] == ["1", "2"]


async def test_who_says_delivered_is_believed(quick: Server) -> None:
    """Once a client moves its cursor itself, a pong no longer does."""
    ada, bob = add_user(quick, "ada"), add_user(quick, "bob")
    his, hers = await bob.connect(), await ada.connect()
    await hers.request("send", to_id=bob.id, cid="1", data="1")
    await his.request("delivered", conv=conversation(ada, bob), seq=0)
    # Somebody else's receipt shows that heartbeats have passed.
    carol, dave = add_user(quick, "carol"), add_user(quick, "dave")
    theirs, listening = await carol.connect(), await dave.connect()
    await theirs.request("send", to_id=dave.id, cid="1", data="x")
    await listening.wait_for(type="message")
    await theirs.wait_for(type="receipt")

    assert [message["data"] for message in await bob.post("/chat/getmessage")] == ["1"]
