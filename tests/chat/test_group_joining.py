"""How people come into a group: invited, by themselves, or let in by an administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.copies import copy_chat
from tests.groups import (
    acquaint,
    in_group,
    last_told,
    make_group,
    members,
    next_notice,
    people,
    refusal,
    told,
)
from tests.rows import add_user, database, disable, rows
from tests.servers import ChatServer
from yolk.testing import Server, User


@pytest.fixture
def carol(server: Server) -> User:
    """Return Carol, a user with an account."""
    return add_user(server, "carol")


@pytest.fixture
def dave(server: Server) -> User:
    """Return Dave, a user with an account."""
    return add_user(server, "dave")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat whose groups have at most four members."""
    folder = tmp_path_factory.mktemp("small")
    root = copy_chat(folder, {"config/config_small.py": 'chat = {"group_members": 4}\n'})
    running = ChatServer(root, folder / "data", {"YOLK_ENV": "small"}).start()
    yield running
    running.stop()


def block(who: User, whom: User) -> None:
    """Block a user."""
    with database(who.server) as connection:
        connection.execute(
            "INSERT INTO block (user_id, blocked_id, create_time) VALUES (?, ?, 0)",
            (who.id, whom.id),
        )


async def requests(user: User, group: dict[str, object], **asked: int) -> list[tuple[int, object]]:
    """Return the join requests: who asks, and who invited them."""
    page = await user.get(f"/chat/groups/{group['id']}/requests", **asked)
    return [(one["user"]["id"], one["inviter_id"]) for one in page["requests"]]


async def test_members_invite(ada: User, bob: User, carol: User, dave: User) -> None:
    """An invited user is a member at once, and all are notified; a repetition changes nothing."""
    made = await make_group(ada, bob)
    hers = await carol.connect()

    invited = await in_group(bob, made, "/invite", users=[dave.id, carol.id, ada.id, carol.id])

    new = sorted([carol.id, dave.id])
    assert invited == {
        "joined": new,
        "requested": [],
        "invited": [],
        "members": [ada.id],
        "refused": [],
    }
    entry = await next_notice(hers, "joined")
    assert (entry["from_id"], entry["options"]["users"]) == (bob.id, new)
    assert (await ada.get(f"/chat/groups/{made['id']}"))["member_count"] == 4
    before = await told(ada, made)
    again = await in_group(bob, made, "/invite", users=new)
    assert again == {"joined": [], "requested": [], "invited": [], "members": new, "refused": []}
    assert await told(ada, made) == before


async def test_who_cannot_come_is_named(
    server: Server, ada: User, bob: User, carol: User, dave: User
) -> None:
    """Users who blocked the inviter, do not exist or are disabled are named; the others join."""
    made = await make_group(ada, bob)
    erin = add_user(server, "erin")
    block(carol, bob)
    block(erin, ada)
    disable(server, dave)

    invited = await in_group(bob, made, "/invite", users=[carol.id, dave.id, erin.id, 999999999])

    assert invited["joined"] == [erin.id]
    assert invited["refused"] == sorted([carol.id, dave.id, 999999999])
    assert await in_group(ada, made, "/invite", users=[carol.id]) == {
        "joined": [carol.id],
        "requested": [],
        "invited": [],
        "members": [],
        "refused": [],
    }


@pytest.mark.parametrize("users", [[], [1] * 201, ["x"], [0], None])
async def test_invitations_have_bounds(ada: User, users: object) -> None:
    """An invitation is for 1 to 200 users."""
    made = await make_group(ada)

    assert await refusal(ada, made, "/invite", users=users) == (400, 1002)


async def test_the_group_says_who_may_invite(ada: User, bob: User, carol: User, dave: User) -> None:
    """All members, administrators, or only the owner."""
    made = await make_group(ada, bob, carol, invite_role=1)
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)

    assert await refusal(carol, made, "/invite", users=[dave.id]) == (403, 2011)
    assert (await in_group(bob, made, "/invite", users=[dave.id]))["joined"] == [dave.id]
    await in_group(ada, made, "", invite_role=2)
    await in_group(dave, made, "/leave")
    assert await refusal(bob, made, "/invite", users=[dave.id]) == (403, 2011)
    assert (await in_group(ada, made, "/invite", users=[dave.id]))["joined"] == [dave.id]


async def test_anybody_joins_an_open_group(ada: User, carol: User) -> None:
    """All members are notified; joining twice changes nothing."""
    made = await make_group(ada, join="open")
    socket = await ada.connect()

    assert await in_group(carol, made, "/join") == {"state": "joined"}
    assert await in_group(carol, made, "/join") == {"state": "joined"}

    entry = await next_notice(socket, "joined")
    assert (entry["seq"], entry["from_id"], entry["options"]["users"]) == (2, carol.id, [carol.id])
    assert len(await told(ada, made)) == 2


async def test_joining_shows_history_or_not(ada: User, bob: User, carol: User, dave: User) -> None:
    """The group's setting at that time decides; earlier messages never count as unread."""
    made = await make_group(ada, bob, join="open")
    for text in ("one", "two"):
        await ada.post("/chat/send", to_id=made["id"], chat_type="group", data=text)

    await in_group(carol, made, "/join")
    await in_group(ada, made, "", history=False)
    await in_group(dave, made, "/join")

    for who, seqs in ((carol, [1, 2, 3, 4, 5, 6]), (dave, [6])):
        page = await who.get("/chat/history", conv=made["conv"])
        assert [entry["seq"] for entry in page["messages"]] == seqs
        [missed] = (await (await who.connect()).request("sync"))["data"]["conversations"]
        assert (missed["unread"], [one["seq"] for one in missed["messages"]]) == (0, seqs)
        waiting = await who.post("/chat/getmessage")
        assert {entry["options"]["event"] for entry in waiting} <= {"joined", "settings"}


async def test_what_was_said_in_between_is_not_for_who_comes_back(ada: User, bob: User) -> None:
    """A member who left a group without history and returns starts anew."""
    made = await make_group(ada, bob, join="open", history=False)
    await in_group(bob, made, "/leave")
    await ada.post("/chat/send", to_id=made["id"], chat_type="group", data="of Bob")

    await in_group(bob, made, "/join")

    page = await bob.get("/chat/history", conv=made["conv"])
    assert [entry["options"]["event"] for entry in page["messages"]] == ["joined"]


async def test_with_approval_an_administrator_lets_in(
    ada: User, bob: User, carol: User, dave: User
) -> None:
    """Administrators are notified of a request and its text; an accepted user is a member."""
    made = await make_group(ada, bob, approval=True)
    socket = await ada.connect()

    assert await in_group(carol, made, "/join", text="I am Carol") == {"state": "requested"}
    assert await in_group(carol, made, "/join", text="Please") == {"state": "requested"}
    await in_group(dave, made, "/join")

    pushed = (await socket.wait_for(type="system"))["data"]
    assert pushed == {
        "event": "join_requested",
        "group_id": made["id"],
        "users": [carol.id],
        "inviter_id": None,
        "text": "I am Carol",
    }
    assert (await socket.wait_for(type="system"))["data"]["users"] == [dave.id]
    page = await ada.get(f"/chat/groups/{made['id']}/requests", limit=1)
    assert (page["more"], len(page["requests"])) == (True, 1)
    [first] = page["requests"]
    assert (first["text"], first["user"]["username"]) == ("I am Carol", carol.username)
    rest = await requests(ada, made, after=first["user"]["id"])
    assert rest == [(max(carol.id, dave.id), None)]
    some = {"users": [carol.id, 999999999]}
    assert await refusal(bob, made, "/requests/accept", **some) == (403, 2011)
    assert await refusal(bob, made, "/requests/refuse", **some) == (403, 2011)
    answer = await bob.server.ask("GET", f"/chat/groups/{made['id']}/requests", token=bob.token)
    assert (answer.status_code, answer.json()["code"]) == (403, 2011)
    assert await in_group(ada, made, "/requests/accept", **some) == {"joined": [carol.id]}
    assert await in_group(ada, made, "/requests/accept", **some) == {"joined": []}
    assert await last_told(bob, made) == (ada.id, {"event": "joined", "users": [carol.id]})
    assert set(await members(ada, made)) == {ada.id, bob.id, carol.id}


async def test_who_is_refused_is_told(ada: User, bob: User, carol: User) -> None:
    """A refused user is notified, is no member, and may ask again."""
    made = await make_group(ada, bob, approval=True)
    await in_group(carol, made, "/join")
    socket = await carol.connect()

    refused = await in_group(ada, made, "/requests/refuse", users=[carol.id, bob.id])

    assert refused == {"refused": [carol.id]}
    pushed = (await socket.wait_for(type="system"))["data"]
    assert pushed == {"event": "join_refused", "group_id": made["id"]}
    assert await requests(ada, made) == []
    assert await in_group(ada, made, "/requests/refuse", users=[carol.id]) == {"refused": []}
    assert await in_group(carol, made, "/join") == {"state": "requested"}
    assert await requests(ada, made) == [(carol.id, None)]


async def test_with_approval_members_propose(ada: User, bob: User, carol: User, dave: User) -> None:
    """A member's invitation waits for approval; an administrator's takes effect at once."""
    made = await make_group(ada, bob, approval=True)
    socket = await ada.connect()

    invited = await in_group(bob, made, "/invite", users=[carol.id, dave.id])

    new = sorted([carol.id, dave.id])
    assert (invited["joined"], invited["requested"]) == ([], new)
    pushed = (await socket.wait_for(type="system"))["data"]
    assert (pushed["users"], pushed["inviter_id"]) == (new, bob.id)
    assert await requests(ada, made) == [(user, bob.id) for user in new]
    assert (await in_group(ada, made, "/invite", users=[carol.id]))["joined"] == [carol.id]
    assert await requests(ada, made) == [(dave.id, bob.id)]
    await in_group(ada, made, "", join="open")
    assert await in_group(dave, made, "/join") == {"state": "joined"}
    assert await requests(ada, made) == []


async def test_who_was_disabled_meanwhile_does_not_come_in(
    server: Server, ada: User, carol: User
) -> None:
    """Accepting a request checks the user again."""
    made = await make_group(ada, approval=True)
    await in_group(carol, made, "/join")
    disable(server, carol)

    assert await in_group(ada, made, "/requests/accept", users=[carol.id]) == {"joined": []}

    assert await requests(ada, made) == []
    assert set(await members(ada, made)) == {ada.id}


async def test_the_list_of_those_who_wait_has_an_end(
    server: Server, ada: User, carol: User
) -> None:
    """At most 1,000 requests wait; then an administrator has to decide first."""
    made = await make_group(ada, approval=True)
    with database(server) as connection:
        connection.executemany(
            "INSERT INTO join_request (group_id, user_id, create_time) VALUES (?, ?, 0)",
            [(made["id"], 10**9 + number) for number in range(1000)],
        )

    assert await refusal(carol, made, "/join") == (400, 2017)

    await in_group(ada, made, "/requests/refuse", users=[10**9])
    assert await in_group(carol, made, "/join") == {"state": "requested"}


async def test_a_full_group_takes_nobody(small: Server) -> None:
    """This holds for every way to join; several users join together or not at all."""
    ada, bob, carol, dave, erin = people(small, 5)
    answer = await small.ask(
        "POST",
        "/chat/groups",
        token=ada.token,
        json={"name": "x", "members": [bob.id, carol.id, dave.id, erin.id]},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 2015)
    made = await make_group(ada, bob, carol, join="open")

    acquaint(bob, dave, erin)
    assert await refusal(bob, made, "/invite", users=[dave.id, erin.id]) == (400, 2015)
    assert (await ada.get(f"/chat/groups/{made['id']}"))["member_count"] == 3
    await in_group(dave, made, "/join")
    assert await refusal(erin, made, "/join") == (400, 2015)
    await in_group(ada, made, "", approval=True)
    await in_group(erin, made, "/join")
    assert await refusal(ada, made, "/requests/accept", users=[erin.id]) == (400, 2015)
    assert await requests(ada, made) == [(erin.id, None)]

    await in_group(dave, made, "/leave")
    assert await in_group(ada, made, "/requests/accept", users=[erin.id]) == {"joined": [erin.id]}
    found = rows(small, "SELECT count(*) FROM member WHERE conv = ?", made["conv"])
    assert found == [(4,)]
