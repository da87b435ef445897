"""Recalling: who may, until when, and what is left."""

from __future__ import annotations

from typing import Any

from tests.groups import in_group, make_group, people
from tests.rows import make_old, rows
from yolk.testing import Server, User


async def refused(user: User, message: Any) -> int:
    """Request a recall that is refused, and return the code."""
    path, body = "/chat/recall", {"id": message["id"]}
    answer = await user.server.ask("POST", path, token=user.token, json=body)
    assert answer.json()["msg"] == "fail", answer.json()
    return int(answer.json()["code"])


async def say(user: User, group: Any, text: str) -> Any:
    """Send a message to a group."""
    return await user.post("/chat/send", to_id=group["id"], chat_type="group", data=text)


async def test_nothing_of_a_recalled_message_is_left(server: Server, ada: User, bob: User) -> None:
    """Its text and options, those of its edits, and its entry in the search index are gone."""
    options = {"caption": "a recalled secret"}
    sent = await ada.post(
        "/chat/send", to_id=bob.id, data="the first recalled secret", options=options
    )
    await ada.post("/chat/edit", id=sent["id"], data="the second recalled secret")
    await ada.post("/chat/edit", id=sent["id"], data="the third recalled secret")

    entry = await ada.post("/chat/recall", id=sent["id"])

    assert entry["options"] == {"target": sent["id"], "seq": 1}
    assert (entry["type"], entry["data"], entry["seq"]) == ("recall", "", 4)
    assert not rows(server, "SELECT 1 FROM message WHERE data LIKE '%recalled secret%'")
    assert not rows(server, "SELECT 1 FROM message WHERE options LIKE '%recalled secret%'")
    assert not rows(server, "SELECT 1 FROM search_entry WHERE conv = ?", sent["conv"])
    page = await bob.get("/chat/history", conv=sent["conv"], after=0)
    assert [(one["type"], one["data"], one["isremove"]) for one in page["messages"]] == [
        ("text", "", 1),
        ("edit", "", 0),
        ("edit", "", 0),
        ("recall", "", 0),
    ]


async def test_administrators_recall_at_any_time(server: Server) -> None:
    """The owner recalls every message, an admin every message except the owner's."""
    owner, admin, other, member = people(server, 4)
    group = await make_group(owner, admin, other, member)
    for one in (admin, other):
        await in_group(owner, group, "/roles", user_id=one.id, role=1)
    texts = {
        user.id: [await say(user, group, "x") for _ in range(3)]
        for user in (owner, admin, other, member)
    }
    make_old(server, group["conv"])
    socket = await member.connect()

    by_admin = await admin.post("/chat/recall", id=texts[member.id][0]["id"])
    pushed = (await socket.wait_for(type="message"))["data"]
    await admin.post("/chat/recall", id=texts[other.id][0]["id"])
    await admin.post("/chat/recall", id=texts[admin.id][0]["id"])
    await owner.post("/chat/recall", id=texts[admin.id][1]["id"])
    await owner.post("/chat/recall", id=texts[member.id][1]["id"])

    assert pushed == by_admin
    assert (by_admin["from_id"], by_admin["options"]["target"]) == (
        admin.id,
        texts[member.id][0]["id"],
    )
    assert await refused(admin, texts[owner.id][0]) == 2011
    assert await refused(member, texts[other.id][1]) == 2011
    assert await refused(member, texts[member.id][2]) == 2007


async def test_recalling_what_another_recalled_gives_the_same_entry(server: Server) -> None:
    """A message is recalled once, whoever was first."""
    owner, member = people(server, 2)
    group = await make_group(owner, member)
    sent = await say(member, group, "x")

    first = await owner.post("/chat/recall", id=sent["id"])

    assert await member.post("/chat/recall", id=sent["id"]) == first


async def test_former_members_cannot_recall(server: Server) -> None:
    """For users who left a group, their messages there do not exist."""
    owner, member, stranger = people(server, 3)
    group = await make_group(owner, member)
    sent = await say(member, group, "x")
    await in_group(member, group, "/leave")

    assert await refused(member, sent) == 2006
    assert await refused(stranger, sent) == 2006


async def test_events_cannot_be_recalled(server: Server, ada: User, bob: User) -> None:
    """An event is no message, and clients cannot send one."""
    (owner,) = people(server, 1)
    group = await make_group(owner)
    notice = (await owner.get("/chat/history", conv=group["conv"]))["messages"][0]
    sent = await ada.post("/chat/send", to_id=bob.id, data="x")
    recall = await ada.post("/chat/recall", id=sent["id"])

    assert await refused(owner, notice) == 2006
    assert await refused(ada, recall) == 2006
    for kind in ("recall", "edit", "notice"):
        body = {"to_id": bob.id, "data": "", "type": kind, "options": {"target": sent["id"]}}
        answer = await server.ask("POST", "/chat/send", token=ada.token, json=body)
        assert answer.json()["code"] == 1002
