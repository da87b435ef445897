"""Blocked users, preferences, and typing indicators."""

from __future__ import annotations

from pathlib import Path

from models import Block, Preference
from tests.chat.test_cursors import make_group
from tests.databases import database_url, open_orm
from tests.groups import acquaint
from tests.rows import add_user, rows
from yolk.testing import Server, User

__all__ = ["database_url"]


async def test_a_blocked_user_cannot_write_until_unblocked(
    server: Server, ada: User, bob: User
) -> None:
    """Blocking or unblocking twice is not an error, and the other devices are notified."""
    phone = await ada.connect()
    for _ in range(2):
        assert await ada.post("/chat/block", user_id=bob.id, on=True) == {}
    event = (await phone.wait_for(type="system"))["data"]
    refused = await server.ask(
        "POST", "/chat/send", token=bob.token, json={"to_id": ada.id, "data": "x"}
    )
    blocked = await ada.get("/chat/blocked")
    for _ in range(2):
        await ada.post("/chat/block", user_id=bob.id, on=False)
    sent = await bob.post("/chat/send", to_id=ada.id, data="x")

    assert event == {"event": "block", "user_id": bob.id, "on": True}
    assert (refused.json()["code"], refused.json()["data"]) == (
        2003,
        "对方把你拉黑了",
    )
    assert [one["id"] for one in blocked["people"]] == [bob.id]
    assert sent["seq"] == 1
    assert await ada.get("/chat/blocked") == {"people": [], "more": False}


async def test_blocked_users_are_listed_in_pages(server: Server, ada: User) -> None:
    """The list is in the order of ids and can start after any id."""
    others = [add_user(server, f"other{number}") for number in range(3)]
    for other in others:
        await ada.post("/chat/block", user_id=other.id, on=True)

    first = await ada.get("/chat/blocked", limit=2)
    rest = await ada.get("/chat/blocked", limit=2, after=first["people"][-1]["id"])

    assert [one["id"] for one in first["people"]] == [others[0].id, others[1].id]
    assert [one["id"] for one in rest["people"]] == [others[2].id]
    assert (first["more"], rest["more"]) == (True, False)


async def test_blocking_oneself_or_a_missing_user_is_refused(server: Server, ada: User) -> None:
    """Each has its own error code."""
    for user_id, code in ((ada.id, 2030), (2**62, 2004), (0, 1002)):
        body = {"user_id": user_id, "on": True}
        answer = await server.ask("POST", "/chat/block", token=ada.token, json=body)
        assert answer.json()["code"] == code


async def test_the_setting_for_strangers_is_applied(server: Server, ada: User, bob: User) -> None:
    """The other devices are notified, and sending follows the setting."""
    phone = await ada.connect()
    assert (await ada.get("/chat/preferences"))["strangers"] == "freely"

    await ada.post("/chat/preferences", strangers="one")
    event = (await phone.wait_for(type="system"))["data"]
    assert (event["event"], event["strangers"]) == ("preferences", "one")
    await ada.post("/chat/preferences", strangers="nothing")
    refused = await server.ask(
        "POST", "/chat/send", token=bob.token, json={"to_id": ada.id, "data": "x"}
    )
    wrong = await server.ask(
        "POST", "/chat/preferences", token=ada.token, json={"strangers": "sometimes"}
    )

    assert (await ada.get("/chat/preferences"))["strangers"] == "nothing"
    assert refused.json()["code"] == 2008
    assert wrong.json()["code"] == 1002


async def test_settings_are_stored_once_on_every_database(
    tmp_path: Path, database_url: str
) -> None:
    """Setting or blocking again changes the row and adds none."""
    async with open_orm(tmp_path, database_url):
        for strangers in ("one", "nothing"):
            await Preference.update_or_create({"strangers": strangers}, user_id=7)
            await Block.bulk_create([Block(user_id=7, blocked_id=8)], ignore_conflicts=True)

        assert [one.strangers for one in await Preference.all()] == ["nothing"]
        assert await Block.all().count() == 1


# --- typing


async def test_a_user_who_blocked_the_writer_sees_no_typing(ada: User, bob: User) -> None:
    """The writer does not learn of it: the answer is ok."""
    acquaint(bob, ada)
    his, hers = await bob.connect(), await ada.connect()
    await ada.post("/chat/block", user_id=bob.id, on=True)

    assert (await his.request("typing", to_id=ada.id))["msg"] == "ok"
    await ada.post("/chat/block", user_id=bob.id, on=False)
    assert await bob.post("/chat/typing", to_id=ada.id) == {}

    await hers.wait_for(type="typing")
    assert not [one for one in hers.passed if one.get("type") == "typing"]


async def test_members_of_a_group_see_who_is_typing(server: Server, ada: User, bob: User) -> None:
    """All members except the writer do; a user who is not a member gets an error."""
    conv, group_id = await make_group(ada, bob)
    hers, his = await ada.connect(), await bob.connect()
    stranger = await add_user(server, "carol").connect()

    assert (await hers.request("typing", to_id=group_id, chat_type="group"))["msg"] == "ok"
    event = (await his.wait_for(type="typing"))["data"]
    refused = await stranger.request("typing", to_id=group_id, chat_type="group")
    nowhere = await hers.request("typing", to_id=2**62, chat_type="group")

    assert event == {"from_id": ada.id, "to_id": group_id, "chat_type": "group"}
    assert (refused["code"], nowhere["code"]) == (2010, 2010)
    assert not [one for one in hers.passed if one.get("type") == "typing"]
    assert not rows(server, "SELECT 1 FROM message WHERE conv = ? AND type <> 'notice'", conv)


async def test_typing_is_not_sent_in_large_groups(server: Server, ada: User, bob: User) -> None:
    """Above 200 members the request is answered and nothing is pushed."""
    many = [add_user(server, f"member{number}") for number in range(199)]
    _, group_id = await make_group(ada, bob, *many)
    acquaint(ada, bob)
    hers, his = await ada.connect(), await bob.connect()

    assert (await hers.request("typing", to_id=group_id, chat_type="group"))["msg"] == "ok"
    await hers.request("typing", to_id=bob.id)

    assert (await his.wait_for(type="typing"))["data"]["chat_type"] == "single"
    assert not [one for one in his.passed if one.get("type") == "typing"]
