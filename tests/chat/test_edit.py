"""Editing: who may, until when, and who is notified."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.groups import in_group, make_group, people
from tests.rows import make_old, rows
from yolk.testing import Server, User


async def refused(user: User, message: Any, data: str = "new") -> int:
    """Request an edit that is refused, and return the code."""
    body = {"id": message["id"], "data": data}
    answer = await user.server.ask("POST", "/chat/edit", token=user.token, json=body)
    assert answer.json()["msg"] == "fail", answer.json()
    return int(answer.json()["code"])


async def test_an_edit_changes_the_text_and_tells_everybody(ada: User, bob: User) -> None:
    """The message has the time of the edit; connected clients get it pushed, the others by sync."""
    hers, his = await ada.connect(), await bob.connect()
    sent = (await hers.request("send", to_id=bob.id, cid="1", data="old"))["data"]
    await his.wait_for(type="message")
    before = time.time_ns() // 1_000_000

    answer = (await hers.request("edit", id=sent["id"], data="new"))["data"]
    pushed = (await his.wait_for(type="message"))["data"]
    [missed] = (await his.request("sync", cursors={sent["conv"]: 0}))["data"]["conversations"]

    assert (answer["id"], answer["seq"], answer["data"]) == (sent["id"], 1, "new")
    assert before <= answer["edit_time"] <= time.time_ns() // 1_000_000
    assert (pushed["type"], pushed["seq"], pushed["data"]) == ("edit", 2, "new")
    assert pushed["options"] == {
        "target": sent["id"],
        "seq": 1,
        "edit_time": answer["edit_time"],
    }
    assert missed["messages"] == [answer, pushed]
    assert missed["unread"] == 1  # the edit itself does not count


async def test_a_message_that_was_never_edited_has_no_time_of_it(ada: User, bob: User) -> None:
    """The field is left out."""
    assert "edit_time" not in await ada.post("/chat/send", to_id=bob.id, data="x")


async def test_the_same_text_again_changes_nothing(server: Server, ada: User, bob: User) -> None:
    """A client that lost the answer and repeats the edit gets the same one, even when late."""
    sent = await ada.post("/chat/send", to_id=bob.id, data="old")
    first = await ada.post("/chat/edit", id=sent["id"], data="new")
    make_old(server, sent["conv"])
    first["create_time"] -= 86_400_000

    assert await ada.post("/chat/edit", id=sent["id"], data="new") == first
    assert rows(server, "SELECT max(seq) FROM message WHERE conv = ?", sent["conv"]) == [(2,)]


async def test_edits_at_once_come_one_after_the_other(ada: User, bob: User) -> None:
    """The message has the text of the last event."""
    sent = await ada.post("/chat/send", to_id=bob.id, data="0")

    await asyncio.gather(
        *(ada.post("/chat/edit", id=sent["id"], data=str(number)) for number in range(1, 9))
    )

    page = (await bob.get("/chat/history", conv=sent["conv"], after=0))["messages"]
    assert [one["seq"] for one in page] == list(range(1, 10))
    assert page[0]["data"] == page[-1]["data"]
    assert page[0]["edit_time"] == page[-1]["options"]["edit_time"]


async def test_only_ones_own_text_and_only_soon(server: Server, ada: User, bob: User) -> None:
    """Not of another user, no picture, no recalled message, no event, and not too late."""
    sent = await ada.post("/chat/send", to_id=bob.id, data="x")
    picture = await ada.post("/chat/send", to_id=bob.id, type="file", data="https://x.example/a")
    recalled = await ada.post("/chat/send", to_id=bob.id, data="x")
    await ada.post("/chat/recall", id=recalled["id"])
    await ada.post("/chat/edit", id=sent["id"], data="y")
    entry = (await ada.get("/chat/history", conv=sent["conv"]))["messages"][-1]

    assert await refused(bob, sent) == 2006
    assert await refused(ada, picture) == 2041
    assert await refused(ada, recalled) == 2006
    assert await refused(ada, entry) == 2006
    assert await refused(ada, {"id": "rubbish"}) == 2006
    assert await refused(ada, sent, "a\0b") == 1002
    assert await refused(ada, sent, "x" * (2**20 + 1)) == 1002
    make_old(server, sent["conv"])
    assert await refused(ada, sent) == 2040


async def test_only_users_who_may_write_may_edit(server: Server) -> None:
    """Users who are muted, have left or are blocked may not edit: it says something new."""
    owner, member, stranger = people(server, 3)
    group = await make_group(owner, member)
    sent = await member.post("/chat/send", to_id=group["id"], chat_type="group", data="x")
    theirs = await owner.post("/chat/send", to_id=group["id"], chat_type="group", data="x")
    single = await member.post("/chat/send", to_id=owner.id, data="x")
    assert await refused(stranger, sent) == 2006

    await in_group(owner, group, "/mute", user_id=member.id, seconds=60)
    assert await refused(member, sent) == 2012
    await in_group(owner, group, "/mute", user_id=member.id, seconds=0)
    await in_group(owner, group, "", muted=True)
    assert await refused(member, sent) == 2013
    await owner.post("/chat/edit", id=theirs["id"], data="new")
    await in_group(owner, group, "", muted=False)
    await member.post("/chat/edit", id=sent["id"], data="new")
    await in_group(member, group, "/leave")
    assert await refused(member, sent, "newer") == 2006

    await owner.post("/chat/block", user_id=member.id, on=True)
    assert await refused(member, single) == 2003
