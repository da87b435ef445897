"""Groups: making one, seeing it, its name and its rules, its end."""

from __future__ import annotations

import pytest

from tests.groups import (
    acquaint,
    in_group,
    last_told,
    make_group,
    members,
    next_notice,
    refusal,
    told,
)
from tests.rows import add_user, database, disable, rows
from yolk.testing import Server, User


@pytest.fixture
def carol(server: Server) -> User:
    """Return Carol, a user with an account."""
    return add_user(server, "carol")


async def test_a_group_has_its_owner_and_members(ada: User, bob: User, carol: User) -> None:
    """The creator owns a group; all members are in it at once, and can read it."""
    made = await make_group(ada, bob, carol, bob, ada, name="Friends", avatar="a.png")

    assert (made["owner_id"], made["member_count"], made["refused"]) == (ada.id, 3, [])
    assert made["me"]["role"] == 2
    seen = await bob.get(f"/chat/groups/{made['id']}")
    assert seen == {
        "id": made["id"],
        "conv": f"g:{made['id']}",
        "name": "Friends",
        "notice": "",
        "avatar": "a.png",
        "owner_id": ada.id,
        "invite_role": 0,
        "link_role": 1,
        "join": "closed",
        "approval": False,
        "history": True,
        "muted": False,
        "member_count": 3,
        "create_time": made["create_time"],
        "me": {"role": 0, "nickname": "", "muted_until": 0},
    }


async def test_the_first_entry_says_that_the_group_was_made(ada: User, bob: User) -> None:
    """It has seq 1, is pushed to those online, and synced by those who were offline."""
    socket = await bob.connect()

    made = await make_group(ada, bob)

    pushed = await next_notice(socket, "created")
    options = {"event": "created", "name": "Friends", "member_count": 2}
    assert (pushed["seq"], pushed["from_id"], pushed["to_id"]) == (1, ada.id, made["id"])
    assert (pushed["conv"], pushed["chat_type"], pushed["data"]) == (made["conv"], "group", "")
    assert pushed["options"] == options
    assert await told(bob, made) == [(ada.id, options)]
    waiting = await add_user(bob.server, "nobody").post("/chat/getmessage")
    assert waiting == []


async def test_a_new_group_waits_for_who_is_unavailable(ada: User, bob: User) -> None:
    """A client that only syncs learns of the group; nothing is unread."""
    made = await make_group(ada, bob)

    waiting = await bob.post("/chat/getmessage")
    [missed] = (await (await bob.connect()).request("sync"))["data"]["conversations"]

    assert [entry["options"]["event"] for entry in waiting] == ["created"]
    assert (missed["conv"], missed["unread"], missed["last_seq"]) == (made["conv"], 0, 1)


async def test_who_does_not_want_is_left_out(
    server: Server, ada: User, bob: User, carol: User
) -> None:
    """Users who blocked the owner, do not exist or are disabled are named and left out."""
    dave = add_user(server, "dave")
    disable(server, dave)
    with database(server) as connection:
        connection.execute(
            "INSERT INTO block (user_id, blocked_id, create_time) VALUES (?, ?, 0)",
            (bob.id, ada.id),
        )

    ids = [bob.id, carol.id, dave.id, 10**12]
    acquaint(ada, *ids)
    made = await ada.post("/chat/groups", name="Friends", members=ids)

    assert made["refused"] == sorted([bob.id, dave.id, 10**12])
    assert set(await members(ada, made)) == {ada.id, carol.id}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 61},
        {"name": "a\0b"},
        {"name": "x", "notice": "x" * 1001},
        {"name": "x", "notice": "\0"},
        {"name": "x", "avatar": "x" * 256},
        {"name": "x", "members": [0]},
        {"name": "x", "members": list(range(1, 5002))},
        {"name": "x", "invite_role": 3},
        {"name": "x", "approval": "perhaps"},
    ],
)
async def test_what_cannot_be_a_group_is_refused(ada: User, wanted: dict[str, object]) -> None:
    """Names, texts and lists have bounds."""
    answer = await ada.server.ask("POST", "/chat/groups", token=ada.token, json=wanted)

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


async def test_others_see_nothing_of_a_group(ada: User, bob: User, carol: User) -> None:
    """For users who are not in it, the group does not exist, whatever they request."""
    made = await make_group(ada, bob)
    path = f"/chat/groups/{made['id']}"

    for asked in (path, f"{path}/members", f"{path}/requests", "/chat/groups/999999999"):
        answer = await carol.server.ask("GET", asked, token=carol.token)
        assert (answer.status_code, answer.json()["code"]) == (404, 2010), asked
    some = {"users": [bob.id]}
    for action, body in (
        ("", {"name": "Mine"}),
        ("/dissolve", {}),
        ("/leave", {}),
        ("/invite", some),
        ("/remove", some),
        ("/requests/accept", some),
        ("/requests/refuse", some),
        ("/hand_over", {"user_id": bob.id}),
        ("/roles", {"user_id": bob.id, "role": 1}),
        ("/mute", {"user_id": bob.id, "seconds": 60}),
        ("/nickname", {"nickname": "C"}),
    ):
        assert await refusal(carol, made, action, **body) == (404, 2010), action
        assert await refusal(carol, {"id": 999999999}, action, **body) == (404, 2010), action
    assert await refusal(carol, {"id": 999999999}, "/join") == (404, 2010)
    assert await refusal(carol, {"id": 2**63}, "/join") == (400, 1002)


async def test_only_who_is_logged_in(server: Server) -> None:
    """Without a token there are no groups."""
    answer = await server.ask("POST", "/chat/groups", json={"name": "x"})

    assert answer.status_code == 401


async def test_administrators_change_what_a_group_is_called(
    ada: User, bob: User, carol: User
) -> None:
    """All learn the new name, avatar and notice; ordinary members may not change them."""
    made = await make_group(ada, bob, carol)
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)
    socket = await carol.connect()

    renamed = await in_group(bob, made, "", name="Pals", avatar="b.png", notice="Welcome")

    assert (renamed["name"], renamed["avatar"], renamed["notice"]) == ("Pals", "b.png", "Welcome")
    entry = await next_notice(socket, "renamed")
    assert entry["options"] == {"event": "renamed", "name": "Pals", "avatar": "b.png"}
    entry = await next_notice(socket, "notice")
    assert (entry["from_id"], entry["options"]["notice"]) == (bob.id, "Welcome")
    assert await refusal(carol, made, name="Mine") == (403, 2011)
    assert await refusal(carol, made, notice="Mine") == (403, 2011)
    assert (await carol.get(f"/chat/groups/{made['id']}"))["name"] == "Pals"


async def test_what_is_so_already_is_no_change(ada: User, bob: User) -> None:
    """A request that changes nothing writes nothing."""
    made = await make_group(ada, bob)
    await in_group(ada, made, "", name="Pals", muted=True)
    before = await told(bob, made)

    await in_group(ada, made, "", name="Pals", muted=True)
    await in_group(ada, made, "")

    assert await told(bob, made) == before


async def test_rules_are_changed_by_those_who_may(ada: User, bob: User, carol: User) -> None:
    """Administrators mute all and require approval; only the owner sets history and invitations."""
    made = await make_group(ada, bob, carol)
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)

    changed = await in_group(bob, made, "", muted=True, approval=True)
    assert (changed["muted"], changed["approval"], changed["me"]["role"]) == (True, True, 1)
    assert await last_told(carol, made) == (
        bob.id,
        {"event": "settings", "join": "approval", "approval": True, "muted": True},
    )
    assert await refusal(bob, made, history=False) == (403, 2011)
    assert await refusal(bob, made, invite_role=1) == (403, 2011)
    assert await refusal(carol, made, muted=False) == (403, 2011)
    changed = await in_group(ada, made, "", history=False, invite_role=2, muted=False)
    assert (changed["history"], changed["invite_role"], changed["muted"]) == (False, 2, False)


async def test_every_change_of_who_may_what_moves_the_version(
    server: Server, ada: User, bob: User, carol: User
) -> None:
    """What is cached of a group under its version is never out of date."""
    made = await make_group(ada, bob, join="open")
    [[version]] = rows(server, "SELECT version FROM chat_group WHERE id = ?", made["id"])

    for who, action, body in (
        (ada, "/invite", {"users": [carol.id]}),
        (ada, "/roles", {"user_id": bob.id, "role": 1}),
        (bob, "/mute", {"user_id": carol.id, "seconds": 60}),
        (bob, "/mute", {"user_id": carol.id, "seconds": 0}),
        (bob, "/remove", {"users": [carol.id]}),
        (ada, "/invite", {"users": [carol.id]}),
        (carol, "/leave", {}),
        (ada, "", {"muted": True}),
        (ada, "/hand_over", {"user_id": bob.id}),
        (bob, "/dissolve", {}),
    ):
        await in_group(who, made, action, **body)
        version += 1
        found = rows(server, "SELECT version FROM chat_group WHERE id = ?", made["id"])
        assert found == [(version,)], action


async def test_nobody_is_in_a_dissolved_group(
    server: Server, ada: User, bob: User, carol: User
) -> None:
    """All learn of it, by push or sync; then the group is gone, for the owner too."""
    made = await make_group(ada, bob, approval=True)
    await in_group(carol, made, "/join")
    his = await bob.connect()
    assert await refusal(bob, made, "/dissolve") == (403, 2011)

    await in_group(ada, made, "/dissolve")

    entry = await next_notice(his, "dissolved")
    assert entry["options"] == {"event": "dissolved"}
    synced = await his.request("sync", cursors={made["conv"]: 1})
    assert [(one["conv"], one["gone"]) for one in synced["data"]["conversations"]] == [
        (made["conv"], True)
    ]
    for who in (ada, bob, carol):
        assert await refusal(who, made, "/leave") == (404, 2010)
        assert await refusal(who, made, "/join") == (404, 2010)
    assert await refusal(ada, made, "/dissolve") == (404, 2010)
    assert not rows(server, "SELECT 1 FROM member WHERE conv = ?", made["conv"])
    assert not rows(server, "SELECT 1 FROM join_request WHERE group_id = ?", made["id"])
