"""The members of a group: their list, going out, roles, muting, names."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.groups import (
    in_group,
    last_told,
    make_group,
    members,
    next_notice,
    people,
    refusal,
    told,
)
from tests.rows import add_user, database, rows
from yolk.testing import Server, User


@pytest.fixture
def carol(server: Server) -> User:
    """Return Carol, a user with an account."""
    return add_user(server, "carol")


async def test_members_are_listed_in_pages(ada: User, bob: User, carol: User) -> None:
    """They come by user ID, with role, name and presence; `more` says that there are more."""
    made = await make_group(ada, bob, carol)
    await bob.connect()
    await in_group(carol, made, "/nickname", nickname="Caro")
    path = f"/chat/groups/{made['id']}/members"

    first = await ada.get(path, limit=2)
    rest = await ada.get(path, limit=2, after=first["members"][-1]["user_id"])

    found = first["members"] + rest["members"]
    assert [one["user_id"] for one in found] == sorted([ada.id, bob.id, carol.id])
    assert (first["more"], rest["more"]) == (True, False)
    by_id = {one["user_id"]: one for one in found}
    assert by_id[carol.id] == {
        "user_id": carol.id,
        "username": carol.username,
        "nickname": "Caro",
        "avatar": "",
        "role": 0,
        "muted_until": 0,
        "online": False,
    }
    assert (by_id[ada.id]["role"], by_id[ada.id]["nickname"]) == (2, ada.username)
    assert by_id[bob.id]["online"]


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 201}, {"after": -1}])
async def test_pages_have_bounds(ada: User, asked: dict[str, int]) -> None:
    """At most 200 members come at a time."""
    made = await make_group(ada)
    path = f"/chat/groups/{made['id']}/members"

    answer = await ada.server.ask("GET", path, token=ada.token, params=asked)

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


async def test_who_leaves_is_out(server: Server, ada: User, bob: User, carol: User) -> None:
    """All are notified; leaving twice finds no group; the conversation is gone."""
    made = await make_group(ada, bob, carol)
    hers, his = await carol.connect(), await bob.connect()

    await in_group(bob, made, "/leave")

    for socket in (hers, his):
        entry = await next_notice(socket, "left")
        assert (entry["from_id"], entry["options"]["users"]) == (bob.id, [bob.id])
    assert set(await members(ada, made)) == {ada.id, carol.id}
    assert (await ada.get(f"/chat/groups/{made['id']}"))["member_count"] == 2
    assert await refusal(bob, made, "/leave") == (404, 2010)
    synced = await his.request("sync", cursors={made["conv"]: 1})
    assert [one["gone"] for one in synced["data"]["conversations"]] == [True]


async def test_the_owner_must_stay(ada: User, bob: User) -> None:
    """A group always has an owner, who may leave after transferring it."""
    made = await make_group(ada, bob)

    assert await refusal(ada, made, "/leave") == (400, 2014)

    await in_group(ada, made, "/hand_over", user_id=bob.id)
    await in_group(ada, made, "/leave")
    assert {one["user_id"]: one["role"] for one in (await members(bob, made)).values()} == {
        bob.id: 2
    }


async def test_administrators_put_members_out(server: Server, ada: User, bob: User) -> None:
    """Administrators remove members of lower rank only; the owner removes anyone else."""
    carol, dave, erin, frank = people(server, 4)
    made = await make_group(ada, bob, carol, dave, erin, frank)
    for one in (bob, carol):
        await in_group(ada, made, "/roles", user_id=one.id, role=1)
    socket = await dave.connect()

    assert await refusal(dave, made, "/remove", users=[erin.id]) == (403, 2011)
    assert await refusal(bob, made, "/remove", users=[dave.id, carol.id]) == (403, 2011)
    assert await refusal(bob, made, "/remove", users=[ada.id]) == (403, 2011)
    assert await refusal(bob, made, "/remove", users=[bob.id]) == (403, 2011)
    assert await refusal(ada, made, "/remove", users=[ada.id]) == (403, 2011)
    assert len(await members(ada, made)) == 6
    removed = await in_group(bob, made, "/remove", users=[erin.id, dave.id, 999999999])
    assert removed == {"removed": sorted([dave.id, erin.id])}
    entry = await next_notice(socket, "removed")
    assert (entry["from_id"], entry["options"]["users"]) == (bob.id, removed["removed"])
    assert await in_group(ada, made, "/remove", users=[bob.id]) == {"removed": [bob.id]}

    before = await told(ada, made)
    assert await in_group(ada, made, "/remove", users=[bob.id]) == {"removed": []}
    assert await told(ada, made) == before
    assert set(await members(ada, made)) == {ada.id, carol.id, frank.id}
    assert await refusal(dave, made, "/leave") == (404, 2010)


async def test_only_the_owner_hands_over(ada: User, bob: User, carol: User) -> None:
    """All learn of the new owner; the old one is a member; a transfer to oneself is no change."""
    made = await make_group(ada, bob)

    assert await refusal(bob, made, "/hand_over", user_id=bob.id) == (403, 2011)
    assert await refusal(ada, made, "/hand_over", user_id=carol.id) == (404, 2016)
    await in_group(ada, made, "/hand_over", user_id=ada.id)
    assert len(await told(ada, made)) == 1
    assert await in_group(ada, made, "/hand_over", user_id=bob.id) == {"owner_id": bob.id}

    assert await last_told(ada, made) == (ada.id, {"event": "owner", "users": [bob.id]})
    assert (await ada.get(f"/chat/groups/{made['id']}"))["owner_id"] == bob.id
    roles = {one: member["role"] for one, member in (await members(ada, made)).items()}
    assert roles == {ada.id: 0, bob.id: 2}
    assert await refusal(ada, made, "/hand_over", user_id=ada.id) == (403, 2011)


async def test_only_the_owner_gives_roles(ada: User, bob: User, carol: User) -> None:
    """An administrator makes no other; the owner stays the owner; the same role is no change."""
    made = await make_group(ada, bob, carol)

    await in_group(ada, made, "/roles", user_id=bob.id, role=1)
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)

    assert await told(carol, made) == [
        (ada.id, {"event": "created", "name": "Friends", "member_count": 3}),
        (ada.id, {"event": "role", "users": [bob.id], "role": 1}),
    ]
    assert await refusal(bob, made, "/roles", user_id=carol.id, role=1) == (403, 2011)
    assert await refusal(ada, made, "/roles", user_id=ada.id, role=0) == (403, 2011)
    assert await refusal(ada, made, "/roles", user_id=999999999, role=1) == (404, 2016)
    assert await refusal(ada, made, "/roles", user_id=bob.id, role=2) == (400, 1002)
    await in_group(ada, made, "/roles", user_id=bob.id, role=0)
    assert await refusal(bob, made, name="Mine") == (403, 2011)


async def test_administrators_mute_members(ada: User, bob: User, carol: User) -> None:
    """A mute has an end that all learn, or lasts until it is lifted; equals cannot be muted."""
    made = await make_group(ada, bob, carol)
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)
    now = time.time() * 1000

    muted = await in_group(bob, made, "/mute", user_id=carol.id, seconds=60)

    assert now + 60_000 <= muted["muted_until"] <= now + 90_000
    assert await last_told(carol, made) == (
        bob.id,
        {"event": "muted", "users": [carol.id], "until": muted["muted_until"]},
    )
    assert (await members(ada, made))[carol.id]["muted_until"] == muted["muted_until"]
    lifted = await in_group(bob, made, "/mute", user_id=carol.id, seconds=0)
    assert lifted == {"user_id": carol.id, "muted_until": 0}
    await in_group(bob, made, "/mute", user_id=carol.id, seconds=0)
    assert [options["event"] for _, options in await told(ada, made)] == [
        "created",
        "role",
        "muted",
        "unmuted",
    ]
    for who, whom in ((carol, bob), (bob, ada), (bob, bob), (ada, ada)):
        code = await refusal(who, made, "/mute", user_id=whom.id, seconds=60)
        assert code == (403, 2011)
    assert await refusal(ada, made, "/mute", user_id=999999999, seconds=60) == (404, 2016)
    for seconds in (-1, 365 * 24 * 3600 + 1):
        code = await refusal(ada, made, "/mute", user_id=bob.id, seconds=seconds)
        assert code == (400, 1002)
    await in_group(ada, made, "/mute", user_id=bob.id, seconds=365 * 24 * 3600)


async def test_who_is_muted_does_not_write(ada: User, bob: User, carol: User) -> None:
    """A muted member, or all but administrators, are refused until the mute is lifted."""
    made = await make_group(ada, bob, carol)
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)

    async def send(who: User) -> Any:
        socket = await who.connect()
        sent = await socket.request("send", to_id=made["id"], chat_type="group", data="x")
        return sent.get("code")

    await in_group(bob, made, "/mute", user_id=carol.id, seconds=600)
    assert [await send(who) for who in (ada, bob, carol)] == [None, None, 2012]
    await in_group(bob, made, "/mute", user_id=carol.id, seconds=0)
    assert await send(carol) is None
    await in_group(bob, made, "", muted=True)
    assert [await send(who) for who in (ada, bob, carol)] == [None, None, 2013]
    await in_group(bob, made, "", muted=False)
    assert await send(carol) is None
    await in_group(bob, made, "/remove", users=[carol.id])
    assert await send(carol) == 2010


@pytest.mark.parametrize("way", ["leave", "removed"])
async def test_a_mute_does_not_end_by_coming_back(ada: User, bob: User, way: str) -> None:
    """Whoever leaves or is removed while muted is muted as a member again, for the same time."""
    made = await make_group(ada, bob, join="open")
    muted = await in_group(ada, made, "/mute", user_id=bob.id, seconds=600)

    if way == "leave":
        await in_group(bob, made, "/leave")
        await in_group(bob, made, "/join")
    else:
        await in_group(ada, made, "/remove", users=[bob.id])
        await in_group(ada, made, "/invite", users=[bob.id])

    shown = await bob.get(f"/chat/groups/{made['id']}")
    assert shown["me"]["muted_until"] == muted["muted_until"]
    socket = await bob.connect()
    sent = await socket.request("send", to_id=made["id"], chat_type="group", data="x")
    assert sent["code"] == 2012
    await in_group(ada, made, "/mute", user_id=bob.id, seconds=0)
    await in_group(bob, made, "/leave")
    await in_group(ada, made, "/invite", users=[bob.id])
    assert (await bob.get(f"/chat/groups/{made['id']}"))["me"]["muted_until"] == 0


async def test_who_takes_a_group_over_may_write(ada: User, bob: User) -> None:
    """An owner is not muted: nobody could lift it."""
    made = await make_group(ada, bob)
    await in_group(ada, made, "/mute", user_id=bob.id, seconds=600)

    await in_group(ada, made, "/hand_over", user_id=bob.id)

    assert (await members(bob, made))[bob.id]["muted_until"] == 0


async def test_a_name_in_the_group(server: Server, ada: User, bob: User) -> None:
    """A member sets and clears the own name in a group; nobody is notified."""
    made = await make_group(ada, bob)

    await in_group(bob, made, "/nickname", nickname="Bobby")
    assert (await members(ada, made))[bob.id]["nickname"] == "Bobby"
    assert (await bob.get(f"/chat/groups/{made['id']}"))["me"]["nickname"] == "Bobby"
    await in_group(bob, made, "/nickname", nickname="Bobby")
    await in_group(bob, made, "/nickname", nickname="")

    assert (await members(ada, made))[bob.id]["nickname"] == bob.username
    assert await refusal(bob, made, "/nickname", nickname="x" * 31) == (400, 1002)
    assert await refusal(bob, made, "/nickname", nickname="\0") == (400, 1002)
    assert len(await told(ada, made)) == 1


async def test_a_deleted_user_is_still_listed(server: Server, ada: User, bob: User) -> None:
    """After another program deleted a user, the member can be seen and removed."""
    made = await make_group(ada, bob)

    with database(server) as connection:
        connection.execute("DELETE FROM user WHERE id = ?", (bob.id,))

    assert (await members(ada, made))[bob.id]["username"] == ""
    assert await in_group(ada, made, "/remove", users=[bob.id]) == {"removed": [bob.id]}
    found = "SELECT 1 FROM member WHERE user_id = ? AND conv = ?"
    assert not rows(server, found, bob.id, made["conv"])
