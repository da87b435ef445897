"""Messages and groups over HTTP, for administrators."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chat.test_admin_accounts import ask
from tests.groups import make_group, next_notice, refusal
from tests.rows import add_administrator, add_user, make_old, rows
from yolk.testing import Server, User


@pytest.fixture(scope="module")
def root(server: Server) -> User:
    """Return an administrator, who is in no conversation."""
    return add_administrator(server, "root")


async def write(sender: User, to_id: int, text: str, chat_type: str = "single") -> Any:
    """Send a message, and return the answer."""
    return await sender.post(
        "/chat/send", to_id=to_id, chat_type=chat_type, cid=text[:64], data=text, type="text"
    )


async def test_any_message_is_recalled(server: Server, root: User, ada: User, bob: User) -> None:
    """However old it is; both users are notified, and the text is gone everywhere."""
    sent = await write(ada, bob.id, "buy my watches")
    make_old(server, sent["conv"])
    his = await bob.connect()

    event = await root.post(f"/admin/messages/{sent['id']}/recall", reason="advertising")

    pushed = (await his.wait_for(type="message"))["data"]
    assert pushed == event
    assert (event["type"], event["from_id"]) == ("recall", ada.id)
    assert event["options"] == {"target": sent["id"], "seq": sent["seq"], "by": "administrator"}
    [message, _] = (await bob.get("/chat/history", conv=sent["conv"], limit=5))["messages"]
    assert (message["isremove"], message["data"]) == (1, "")
    assert rows(server, "SELECT * FROM search_entry WHERE conv = ?", sent["conv"]) == []
    await his.close()


async def test_recalling_again_returns_the_same_event(root: User, ada: User, bob: User) -> None:
    """Also after the author has recalled the message."""
    sent = await write(ada, bob.id, "a mistake")
    first = await ada.post("/chat/recall", id=sent["id"])

    again = await root.post(f"/admin/messages/{sent['id']}/recall")

    assert again == first
    acts = await root.get("/admin/audit", target_type="message", target_id=sent["id"])
    assert acts["acts"] == []


async def test_a_message_is_shown(root: User, ada: User, bob: User) -> None:
    """An administrator sees it without being a member."""
    sent = await write(ada, bob.id, "hello")

    found = await root.get(f"/admin/messages/{sent['id']}")

    assert (found["data"], found["from_id"], found["conv"]) == ("hello", ada.id, sent["conv"])


@pytest.mark.parametrize("message_id", ["01a207a8-eebd-7473-8832-dbf9fe8f35e3", "x", "%20"])
async def test_an_unknown_message_is_not_found(root: User, message_id: str) -> None:
    """The answer is 404, whatever the text."""
    assert await ask(root, "GET", f"/admin/messages/{message_id}") == (404, 2006)
    assert await ask(root, "POST", f"/admin/messages/{message_id}/recall") == (404, 2006)


async def test_an_event_is_no_message(root: User, ada: User, bob: User) -> None:
    """A notice cannot be recalled."""
    group = await make_group(ada, bob)
    page = await ada.get("/chat/history", conv=group["conv"], limit=5)

    found = await ask(root, "POST", f"/admin/messages/{page['messages'][0]['id']}/recall")

    assert found == (404, 2006)


async def test_groups_are_found_by_name_and_owner(server: Server, root: User) -> None:
    """In pages by id; nothing in the text is a wildcard."""
    owner = add_user(server, "owner")
    made = [await make_group(owner, name=name) for name in ("Rowing", "rowing 50%", "Chess")]
    groups = sorted(made, key=lambda group: group["id"])
    names = [group["name"] for group in groups]

    every = await root.get("/admin/groups", owner_id=owner.id)
    rowing = await root.get("/admin/groups", owner_id=owner.id, q="ROWING")
    percent = await root.get("/admin/groups", owner_id=owner.id, q="%")
    page = await root.get("/admin/groups", owner_id=owner.id, after=groups[0]["id"], limit=1)

    assert [group["name"] for group in every["groups"]] == names
    assert [group["name"] for group in rowing["groups"]] == [
        name for name in names if name != "Chess"
    ]
    assert [group["name"] for group in percent["groups"]] == ["rowing 50%"]
    assert ([group["name"] for group in page["groups"]], page["more"]) == ([names[1]], True)


async def test_a_group_is_shown_with_its_members(root: User, ada: User, bob: User) -> None:
    """An administrator sees them without being a member."""
    group = await make_group(ada, bob)

    shown = await root.get(f"/admin/groups/{group['id']}")
    page = await root.get(f"/admin/groups/{group['id']}/members", limit=1)
    rest = await root.get(
        f"/admin/groups/{group['id']}/members", after=page["members"][0]["user_id"]
    )

    assert (shown["owner_id"], shown["member_count"], shown["close_time"]) == (ada.id, 2, None)
    found = page["members"] + rest["members"]
    assert {one["user_id"]: one["role"] for one in found} == {ada.id: 2, bob.id: 0}
    assert {one["user"]["username"] for one in found} == {ada.username, bob.username}
    assert (page["more"], rest["more"]) == (True, False)


async def test_a_closed_group_is_gone_for_its_members(root: User, ada: User, bob: User) -> None:
    """They are notified as if it had been dissolved; a second time there is none to close."""
    group = await make_group(ada, bob)
    his = await bob.connect()
    path = f"/admin/groups/{group['id']}/close"

    await root.post(path, reason="fraud")

    notice = await next_notice(his, "dissolved")
    assert notice["options"] == {"event": "dissolved", "by": "administrator"}
    assert await refusal(ada, group, "/invite", users=[bob.id]) == (404, 2010)
    assert await ask(root, "POST", path) == (404, 2010)
    shown = await root.get(f"/admin/groups/{group['id']}")
    assert shown["member_count"] == 0
    assert shown["close_time"] > 0
    await his.close()


async def test_an_unknown_group_is_not_found(root: User) -> None:
    """The answer is 404."""
    for method, action in (("GET", ""), ("GET", "/members"), ("POST", "/close")):
        assert await ask(root, method, f"/admin/groups/{2**62}{action}") == (404, 2010)
