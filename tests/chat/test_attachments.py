"""Messages that carry files: who may send them, and the rows that decide who may read them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from uuid_utils.compat import UUID, uuid7

from models import Attachment, File, Member, User
from services.file.sql import find_readable_files
from services.message.batch import Stored
from services.message.draft import Draft
from tests.chat.test_types import playful, send
from tests.chat.test_writer import Chat, chat, database_url
from tests.groups import in_group, make_group, people
from tests.rows import add_user, database, rows
from yolk.testing import Server
from yolk.testing import User as Somebody

__all__ = ["chat", "database_url", "playful"]

KINDS: dict[str, dict[str, Any]] = {
    "image": {"type": "image/png", "width": 640, "height": 480, "blur": "data:image/png;base64,A"},
    "audio": {"type": "audio/ogg"},
    "video": {"type": "video/mp4"},
    "file": {"type": "application/pdf"},
}


def add_file(server: Server, owner: Somebody, kind: str = "image", name: str = "été.png") -> str:
    """Add a file as an upload does, without its content; return its address."""
    file_id = str(uuid7())
    columns = {"width": None, "height": None, "blur": None, **KINDS[kind]}
    with database(server) as connection:
        connection.execute(
            "INSERT INTO file (id, user_id, hash, name, folder, size, thumbnail, create_time,"
            " type, width, height, blur) VALUES (?, ?, ?, ?, '', 1234, ?, 1, ?, ?, ?, ?)",
            (
                *(file_id, owner.id, "0" * 64, name, int(kind == "image")),
                *(columns[column] for column in ("type", "width", "height", "blur")),
            ),
        )
    return f"/files/{file_id}"


def attachments(server: Server, url: str) -> list[tuple[Any, ...]]:
    """Return the messages that carry a file: message, conversation and seq."""
    query = "SELECT message_id, conv, seq FROM attachment WHERE file_id = ? ORDER BY message_id"
    return [tuple(row) for row in rows(server, query, url.removeprefix("/files/"))]


async def test_the_server_says_what_the_file_is(
    server: Server, ada: Somebody, bob: Somebody
) -> None:
    """All clients get the same description, whatever the sender sent; the row is stored with it."""
    url = add_file(server, ada)
    hers, his = await ada.connect(), await bob.connect()
    lie = {"file": {"id": "x", "name": "other.exe"}, "caption": "look"}

    answer = await hers.request("send", to_id=bob.id, type="image", data=url, options=lie)
    pushed = (await his.wait_for(type="message"))["data"]
    over_http = await send(ada, bob, "image", url)

    info = {
        "id": url.removeprefix("/files/"),
        "url": url,
        "name": "été.png",
        "size": 1234,
        "type": "image/png",
        "width": 640,
        "height": 480,
        "blur": "data:image/png;base64,A",
        "thumbnail": True,
    }
    assert pushed["options"] == {"caption": "look", "file": info}
    assert over_http["options"] == {"file": info}
    [page] = [await bob.get("/chat/history", conv=pushed["conv"])]
    assert [one["options"]["file"] for one in page["messages"]] == [info, info]
    assert attachments(server, url) == [
        (answer["data"]["id"], pushed["conv"], 1),
        (over_http["id"], pushed["conv"], 2),
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_is_sent_as_what_it_is(
    server: Server, ada: Somebody, bob: Somebody, kind: str
) -> None:
    """A picture as `image`, a sound as `audio`, a video as `video`; anything as `file`."""
    url = add_file(server, ada, kind)

    answers = {one: await send(ada, bob, one, url) for one in KINDS}

    fits = {one for one, answer in answers.items() if isinstance(answer, dict)}
    assert fits == {kind, "file"}
    assert {answers[one] for one in KINDS.keys() - fits} <= {2061}
    assert len(attachments(server, url)) == len(fits)


async def test_only_readable_files_are_sent(server: Server) -> None:
    """Users send their own files and files sent to them; others do not exist for them."""
    ada, bob, carl = (add_user(server, name) for name in ("ada", "bob", "carl"))
    url = add_file(server, ada)
    nothing = f"/files/{uuid7()}"

    assert await send(bob, carl, "image", url) == 2060
    assert await send(bob, carl, "image", nothing) == 2060
    first = await send(ada, bob, "image", url)
    passed = await send(bob, carl, "image", url, options={"forward_of": first["id"]})
    assert passed["options"]["file"]["url"] == url
    assert passed["options"]["forward_of"] == first["id"]
    # Carl has it from Bob, whatever becomes of Ada's message.
    await ada.post("/chat/recall", id=first["id"])
    assert await send(bob, ada, "image", url) != 2060
    assert isinstance(await send(carl, bob, "file", url), dict)


async def test_a_recalled_message_carries_nothing(
    server: Server, ada: Somebody, bob: Somebody
) -> None:
    """Its row is removed with its content, and recipients cannot read the file any more."""
    carl = add_user(server, "carl")
    url = add_file(server, ada)
    sent = await send(ada, bob, "image", url)

    await ada.post("/chat/recall", id=sent["id"])

    assert attachments(server, url) == []
    assert await send(bob, carl, "image", url) == 2060
    found = await bob.get("/chat/history", conv=sent["conv"])
    assert (found["messages"][0]["data"], found["messages"][0]["options"]) == ("", None)
    assert isinstance(await send(ada, bob, "image", url), dict)


async def test_only_current_members_forward_the_files_of_a_group(server: Server) -> None:
    """The files of a group are for its members, from their join on."""
    owner, member, late = people(server, 3)
    group = await make_group(owner, member, history=False)
    url = add_file(server, owner)
    body = {"to_id": group["id"], "chat_type": "group"}
    await owner.post("/chat/send", type="image", data=url, **body)
    await in_group(owner, group, "/invite", users=[late.id])

    assert isinstance(await send(member, late, "image", url), dict)
    other = add_file(server, owner)
    await owner.post("/chat/send", type="image", data=other, **body)
    assert isinstance(await send(late, owner, "image", other), dict)
    third = add_file(server, owner)
    await owner.post("/chat/send", type="image", data=third, **body)
    await in_group(owner, group, "/remove", users=[member.id])
    assert await send(member, owner, "image", third) == 2060


async def test_files_before_the_join_are_hidden(server: Server) -> None:
    """If a group hides its history from new members, it hides its files too."""
    owner, late = people(server, 2)
    group = await make_group(owner, history=False)
    url = add_file(server, owner)
    await owner.post("/chat/send", to_id=group["id"], chat_type="group", type="image", data=url)
    await in_group(owner, group, "/invite", users=[late.id])

    assert await send(late, owner, "image", url) == 2060


async def test_a_repetition_gets_the_first_answer_whatever_became_of_the_file(
    server: Server, ada: Somebody, bob: Somebody
) -> None:
    """A repetition gets the first answer, and adds no row."""
    url = add_file(server, ada)
    first = await send(ada, bob, "image", url)
    asked = {"cid": "a", "options": {"note": 1}}
    passed = await send(bob, ada, "image", url, **asked)
    await ada.post("/chat/recall", id=first["id"])
    with database(server) as connection:
        connection.execute("DELETE FROM attachment WHERE message_id = ?", (passed["id"],))

    again = await send(bob, ada, "image", url, **asked)

    assert again == passed
    assert await send(bob, ada, "image", url, cid="b") == 2060
    assert attachments(server, url) == []


async def test_the_description_of_a_file_does_not_count_for_the_limit(
    server: Server, ada: Somebody, bob: Somebody
) -> None:
    """A client may use all of its 8 KiB, and forward options as it got them."""
    url = add_file(server, ada)
    full = {"x": "y" * (8192 - len('{"x":""}'))}

    sent = await send(ada, bob, "image", url, options=full)
    again = await send(bob, ada, "image", url, options=sent["options"])

    assert again["options"] == sent["options"]
    assert sent["options"].keys() == {"x", "file"}


async def test_a_file_set_by_a_plugin_is_checked(playful: Server) -> None:
    """A file that a plugin puts into a message is checked again, as if the sender had."""
    ada, bob = add_user(playful, "ada"), add_user(playful, "bob")
    mine, hers = add_file(playful, bob), add_file(playful, ada)

    refused = await send(bob, ada, "text", f"be {json.dumps(['image', hers])}")
    sent = await send(bob, ada, "text", f"be {json.dumps(['image', mine])}")

    assert refused == 2060
    assert sent["options"]["file"]["url"] == mine
    assert [row[0] for row in attachments(playful, mine)] == [sent["id"]]


async def test_recalls_and_sends_at_once_leave_no_row_behind(
    server: Server, ada: Somebody, bob: Somebody
) -> None:
    """A file is carried by exactly the messages that are there."""
    url = add_file(server, ada)
    hers, his = await ada.connect(), await bob.connect()

    async def send_and_recall(number: int) -> None:
        socket = (hers, his)[number % 2]
        await socket.send({"id": f"s{number}", "type": "ping", "data": {}})

    sent = [await send(ada, bob, "image", url) for _ in range(12)]
    work = [ada.post("/chat/recall", id=one["id"]) for one in sent[:10]]
    work += [send(ada, bob, "image", url, cid=f"c{number}") for number in range(10)]
    work += [send(bob, ada, "image", url) for _ in range(5)]
    await asyncio.gather(*work, *(send_and_recall(number) for number in range(4)))

    alive = rows(
        server,
        "SELECT id FROM message WHERE data = ? AND isremove = 0 AND conv = ?",
        url,
        sent[0]["conv"],
    )
    assert {row[0] for row in attachments(server, url)} == {row[0] for row in alive}
    assert len(alive) == 17


# --- on every database


async def add_row(owner: int, **columns: Any) -> UUID:
    """Add a file."""
    fields = {"hash": "0" * 64, "name": "a.png", "size": 1, "type": "image/png", **columns}
    return (await File.create(user_id=owner, **fields)).id


def draft(file: UUID | None, to_id: int = 2, **more: Any) -> Draft:
    """Return a message of user 1."""
    return Draft(1, to_id, None, "image", f"/files/{file}", None, file=file, **more)


async def test_the_row_is_stored_with_the_message(chat: Chat) -> None:
    """A batch adds a row for each message with a file, and none for others."""
    file = await add_row(1)

    outcomes = await chat.send(draft(file), draft(None), draft(file), draft(file, to_id=1))
    await chat.send(draft(None))

    carried = [one.message for one in outcomes if isinstance(one, Stored)]
    del carried[1]
    found = await Attachment.all().order_by("message_id")
    assert [(str(row.message_id), row.file_id, row.conv, row.seq) for row in found] == [
        (message.id, file, message.conv, message.seq) for message in carried
    ]


async def test_a_message_that_is_refused_leaves_no_row(chat: Chat) -> None:
    """A refused message and a repetition add no row."""
    file = await add_row(1)

    await chat.send(draft(file, to_id=3), draft(file, to_id=99))
    same = Draft(1, 2, "cid", "image", f"/files/{file}", None, file=file)
    await chat.send(same, same)
    await chat.send(same)

    assert await Attachment.all().count() == 1


async def test_who_may_read_a_file(chat: Chat) -> None:
    """Its uploader, and members of a conversation that has it, from their join on."""
    await User.create(id=4, username="user4", password="")
    own, sent, unsent = [await add_row(1) for _ in range(3)]
    await chat.send(draft(sent))
    ids = [own, sent, unsent, UUID(str(uuid7()))]

    async def seen(user_id: int) -> set[UUID]:
        found = await find_readable_files(chat.host.orm, user_id, ids)
        return {file.id for file in found}

    assert await seen(1) == {own, sent, unsent}
    assert await seen(2) == {sent}
    assert await seen(4) == set()
    await Member.create(conv="s:1:2", user_id=4, join_seq=1)
    assert await seen(4) == set()
    await chat.send(draft(sent))
    assert await seen(4) == {sent}
    await Attachment.all().delete()
    assert await seen(2) == set()
