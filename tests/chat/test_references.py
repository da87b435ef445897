"""What options refer to: replies, forwards and mentions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.groups import in_group, make_group, people
from tests.rows import add_user, rows
from yolk.testing import Server, User

NOBODYS = "01a20787-0000-7000-8000-000000000000"


async def refused(user: User, to_id: int, options: Any, **more: Any) -> int:
    """Send a message that is refused, and return the code."""
    body = {"to_id": to_id, "data": "x", "options": options, **more}
    answer = await user.server.ask("POST", "/chat/send", token=user.token, json=body)
    assert answer.json()["msg"] == "fail", answer.json()
    return int(answer.json()["code"])


async def test_a_reply_is_to_a_message_of_the_same_conversation(
    server: Server, ada: User, bob: User
) -> None:
    """Not to one of another conversation, not to a missing or recalled one, and not to an event."""
    carl = add_user(server, "carl")
    sent = await ada.post("/chat/send", to_id=bob.id, data="question")
    elsewhere = await ada.post("/chat/send", to_id=carl.id, data="question")
    options = {"reply_to": sent["id"], "mood": {"any": ["thing"]}}

    answer = await bob.post("/chat/send", to_id=ada.id, data="answer", options=options)

    assert answer["options"] == options
    assert await refused(bob, ada.id, {"reply_to": elsewhere["id"]}) == 2042
    assert await refused(ada, bob.id, {"reply_to": elsewhere["id"]}) == 2042
    assert await refused(bob, ada.id, {"reply_to": NOBODYS}) == 2042
    recall = await ada.post("/chat/recall", id=sent["id"])
    assert await refused(bob, ada.id, {"reply_to": sent["id"]}) == 2042
    assert await refused(bob, ada.id, {"reply_to": recall["id"]}) == 2042


async def test_only_visible_messages_are_forwarded(server: Server, ada: User, bob: User) -> None:
    """From any conversation of the sender into any other."""
    carl = add_user(server, "carl")
    sent = await ada.post("/chat/send", to_id=bob.id, data="news")

    passed = await bob.post(
        "/chat/send", to_id=carl.id, data="news", options={"forward_of": sent["id"]}
    )

    assert passed["options"] == {"forward_of": sent["id"]}
    assert await refused(carl, ada.id, {"forward_of": sent["id"]}) == 2043
    assert await refused(carl, ada.id, {"forward_of": NOBODYS}) == 2043


async def test_messages_before_the_join_cannot_be_referred_to(server: Server) -> None:
    """If a group hides its history from new members, they cannot reply to it or forward it."""
    owner, member = people(server, 2)
    group = await make_group(owner, history=False)
    old = await owner.post("/chat/send", to_id=group["id"], chat_type="group", data="old")
    await in_group(owner, group, "/invite", users=[member.id])
    new = await owner.post("/chat/send", to_id=group["id"], chat_type="group", data="new")

    to, as_group = group["id"], {"chat_type": "group"}
    assert await refused(member, to, {"reply_to": old["id"]}, **as_group) == 2042
    assert await refused(member, owner.id, {"forward_of": old["id"]}) == 2043
    await member.post("/chat/send", to_id=to, data="x", options={"reply_to": new["id"]}, **as_group)


async def test_only_members_are_mentioned_and_all_only_by_administrators(server: Server) -> None:
    """In a group its members; in a conversation of two users these two."""
    owner, member, stranger = people(server, 3)
    group = await make_group(owner, member)
    to, as_group = group["id"], {"chat_type": "group"}

    both = {"mentions": [owner.id, member.id, member.id]}
    await member.post("/chat/send", to_id=to, data="x", options=both, **as_group)
    await owner.post("/chat/send", to_id=to, data="x", options={"mentions": "all"}, **as_group)
    await member.post("/chat/send", to_id=owner.id, data="x", options={"mentions": [owner.id]})

    assert await refused(member, to, {"mentions": [stranger.id]}, **as_group) == 2044
    assert await refused(member, to, {"mentions": "all"}, **as_group) == 2045
    assert await refused(stranger, to, {"mentions": "all"}, **as_group) == 2045
    assert await refused(member, owner.id, {"mentions": [stranger.id]}) == 2044
    assert await refused(member, owner.id, {"mentions": "all"}) == 2045


@pytest.mark.parametrize(
    "options",
    [
        {"reply_to": 7},
        {"reply_to": "rubbish"},
        {"forward_of": {}},
        {"mentions": 7},
        {"mentions": "everybody"},
        {"mentions": ["7"]},
        {"mentions": [True]},
        {"mentions": [0]},
        {"mentions": [2**63]},
        {"mentions": list(range(1, 52))},
    ],
)
async def test_a_reference_that_is_none_is_refused(ada: User, bob: User, options: Any) -> None:
    """A message id is a text; mentions are at most fifty ids, or "all"."""
    assert await refused(ada, bob.id, options) == 1002


async def test_a_repetition_gets_the_first_answer_whatever_became_of_the_reference(
    ada: User, bob: User
) -> None:
    """A reply is sent again after its message was recalled, and gets the first answer."""
    hers = await ada.connect()
    sent = await bob.post("/chat/send", to_id=ada.id, data="question")
    asked = {"to_id": bob.id, "cid": "a", "data": "x", "options": {"reply_to": sent["id"]}}
    first = (await hers.request("send", **asked))["data"]
    await bob.post("/chat/recall", id=sent["id"])

    again = (await hers.request("send", **asked))["data"]

    assert again == {**first, "dup": True}
    assert (await hers.request("send", **{**asked, "cid": "b"}))["code"] == 2042


async def test_frames_stay_in_order_around_a_reference(
    server: Server, ada: User, bob: User
) -> None:
    """What was sent after a message that has to be checked is stored after it."""
    sent = await bob.post("/chat/send", to_id=ada.id, data="question")
    hers = await ada.connect()
    for number in range(40):
        options = {"reply_to": sent["id"]} if number % 3 == 1 else {}
        data = {"to_id": bob.id, "cid": str(number), "data": str(number), "options": options}
        await hers.send({"id": f"r{number}", "type": "send", "data": data})
    for _ in range(40):
        await hers.wait_for(msg="ok")

    found = rows(server, "SELECT data FROM message WHERE conv = ? ORDER BY seq", sent["conv"])
    assert [row[0] for row in found] == ["question", *map(str, range(40))]


async def test_unknown_options_are_kept_as_they_are(ada: User, bob: User) -> None:
    """Up to 8 KiB, with any content."""
    options = {"x": None, "deep": [{"a": 1.5}], "reply": "not ours", "é": "😀"}

    sent = await ada.post("/chat/send", to_id=bob.id, data="x", options=options)

    assert sent["options"] == options
    assert await refused(ada, bob.id, {"x": "y" * 8192}) == 1002
