"""Answers have a bound in bytes and in conversations, and clients get everything in the end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest

from tests.rows import add_user, database
from yolk.testing import Server, User

MOST = 2**20 + 50_000
TEXT = 300_000
COUNT = 12


def size(answer: Any) -> int:
    """Return the bytes of an answer as JSON."""
    return len(msgspec.json.encode(answer))


async def write(sender: User, receiver: User, texts: list[str]) -> str:
    """Send texts, and return the conversation."""
    sent = [await sender.post("/chat/send", to_id=receiver.id, data=text) for text in texts]
    return str(sent[-1]["conv"])


@pytest.fixture
async def long(ada: User, bob: User) -> str:
    """Return a conversation of Ada and Bob with 3.6 MB from Ada."""
    return await write(ada, bob, [f"{number:03}" + "x" * TEXT for number in range(COUNT)])


async def test_history_comes_in_pages_of_bounded_size(bob: User, long: str) -> None:
    """`more` is true while there are earlier messages, however few came."""
    seqs: list[int] = []
    before, more = COUNT + 1, True
    while more:
        page = await bob.get("/chat/history", conv=long, before=before, limit=200)
        assert size(page) <= MOST
        assert page["messages"], "each page has at least one message"
        seqs = [one["seq"] for one in page["messages"]] + seqs
        before, more = seqs[0], page["more"]

    assert seqs == list(range(1, COUNT + 1))


async def test_pulls_come_in_pages_of_bounded_size(bob: User, long: str) -> None:
    """Forward, too, and the socket stays open."""
    socket = await bob.connect()
    seqs, more = [0], True
    while more:
        page = (await socket.request("pull", conv=long, after=seqs[-1], limit=200))["data"]
        assert size(page) <= MOST
        seqs += [one["seq"] for one in page["messages"]]
        more = page["more"]

    assert seqs == list(range(COUNT + 1))


async def test_a_text_of_escapes_counts_as_it_is_sent(ada: User, bob: User) -> None:
    """A character that JSON writes in six bytes counts as six."""
    conv = await write(ada, bob, ["\x01" * 120_000] * 4)

    page = await bob.get("/chat/history", conv=conv, limit=200)

    assert size(page) <= MOST
    assert [one["seq"] for one in page["messages"]] == [4]
    assert page["more"]


async def test_undelivered_messages_come_in_several_answers(
    ada: User, bob: User, long: str
) -> None:
    """Until an answer is empty; what Bob wrote himself in between does not end them."""
    await write(bob, ada, ["y" * TEXT] * 6)
    await write(ada, bob, ["the last"])
    seqs: list[int] = []
    while found := await bob.post("/chat/getmessage"):
        assert size(found) <= MOST
        seqs += [one["seq"] for one in found]

    assert seqs == [*range(1, COUNT + 1), COUNT + 7]
    assert long.startswith("s:")


async def test_sync_ends_with_everything(bob: User, long: str) -> None:
    """While `more` is true a client syncs again with its new cursor."""
    socket = await bob.connect()
    cursor, rounds, more, missed = 0, 0, True, {"more": True}
    while more:
        answer = (await socket.request("sync", cursors={long: cursor}, limit=200))["data"]
        assert size(answer) <= MOST
        [missed] = answer["conversations"]
        seqs = [one["seq"] for one in missed["messages"]]
        assert seqs == list(range(cursor + 1, cursor + 1 + len(seqs)))
        cursor, more, rounds = seqs[-1], answer["more"], rounds + 1

    assert cursor == COUNT
    assert 4 <= rounds <= 6
    assert not missed["more"]


async def test_a_new_device_gets_the_newest_that_fit(bob: User, long: str) -> None:
    """Without a cursor the end of a conversation comes, not its beginning."""
    [missed] = (await bob.post("/chat/sync", limit=200))["conversations"]

    assert missed["conv"] == long
    assert [one["seq"] for one in missed["messages"]] == [10, 11, 12]


async def test_search_answers_are_bounded(bob: User, long: str) -> None:
    """The next page continues where the answer was full."""
    for _ in range(100):  # texts are indexed soon after they are stored
        if (await bob.get("/chat/search", text="011xxx", conv=long))["messages"]:
            break
        await asyncio.sleep(0.1)
    found: list[int] = []
    before: dict[str, str] = {}
    while True:
        page = await bob.get("/chat/search", text="xxxx", conv=long, limit=50, **before)
        assert size(page) <= MOST
        found += [one["seq"] for one in page["messages"]]
        if not page["more"]:
            break
        before = {"before": page["before"]}

    assert found == list(range(COUNT, 0, -1))


async def test_the_list_has_a_preview(ada: User, bob: User, long: str) -> None:
    """Of a long text the list has the first 200 characters, and says so."""
    [cut] = await bob.get("/chat/conversations")
    await write(ada, bob, ["short"])
    [whole] = await bob.get("/chat/conversations")

    assert cut["conv"] == long
    assert cut["last"]["data"] == "011" + "x" * 197
    assert cut["is_cut"] is True
    assert (whole["last"]["data"], whole["is_cut"]) == ("short", False)


def add_conversations(server: Server, user: User, count: int) -> set[str]:
    """Add conversations of one event each with users who need not exist, and return them."""
    now = int(time.time() * 1000) - count
    convs = [f"s:{user.id}:{10**9 + user.id * 10**6 + number}" for number in range(count)]
    with database(server) as connection:
        connection.executemany(
            "INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)"
            " VALUES (?, 'single', 1, 1, ?)",
            [(conv, now + number // 3) for number, conv in enumerate(convs)],
        )
        connection.executemany(
            "INSERT INTO member (conv, user_id, join_seq, delivered_seq, read_seq, read_number,"
            " pin_time, quiet, hidden_seq, create_time) VALUES (?, ?, 0, 0, 0, 0, 0, 0, 0, ?)",
            [(conv, user.id, now) for conv in convs],
        )
    return {*convs}


async def test_thousands_of_conversations_come_in_pages(server: Server) -> None:
    """`next` leads to the next page, and the last one has none."""
    ada = add_user(server, "ada")
    convs = add_conversations(server, ada, 20_001)
    socket = await ada.connect()
    found: list[str] = []
    page: dict[str, str] = {}
    for _ in range(30):
        answer = (await socket.request("sync", limit=1, **page))["data"]
        assert size(answer) <= MOST
        found += [one["conv"] for one in answer["conversations"]]
        if "next" not in answer:
            break
        page = {"page": answer["next"]}

    assert len(found) == len(convs)
    assert {*found} == convs


async def test_what_changes_between_two_pages_is_not_missed(server: Server) -> None:
    """A conversation that moves to the front comes on the last page, too."""
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    conv = await write(bob, ada, ["first"])
    add_conversations(server, ada, 1500)
    first = await ada.post("/chat/sync", limit=1)
    moved = {one["conv"] for one in first["conversations"]}

    await write(bob, ada, ["second"])
    last = await ada.post("/chat/sync", limit=1, page=first["next"])

    found = {one["conv"]: one for one in last["conversations"]}
    assert found[conv]["last_seq"] == 2
    assert "next" not in last
    assert len(moved | {*found}) == 1501


async def test_a_page_that_was_made_up_is_refused(ada: User, server: Server) -> None:
    """It comes from an answer."""
    for page in ("x", "1", f"{'9' * 30}:1:s:1:2", ":::"):
        answer = await server.ask("POST", "/chat/sync", token=ada.token, json={"page": page})
        assert answer.status_code == 400
