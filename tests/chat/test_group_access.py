"""Who gets into a group: closed groups, invitations of strangers, links, removals and bans."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
import segno

from tests.groups import acquaint, in_group, make_group, members, next_notice, people, refusal
from tests.rows import add_user, database, disable, rows
from yolk.testing import Server, User

DAY = 24 * 3600 * 1000
UNKNOWN = {"id": 2**53 - 1, "conv": f"g:{2**53 - 1}"}


@pytest.fixture
def carol(server: Server) -> User:
    """Return Carol, a user with an account."""
    return add_user(server, "carol")


async def ask(user: User, path: str, **body: Any) -> Any:
    """Send a request, and return the data of the answer, or the code of the refusal."""
    answer = await user.server.ask("POST", path, token=user.token, json=body)
    found = answer.json()
    return found["data"] if found["msg"] == "ok" else found["code"]


async def invitations(user: User, **asked: int) -> list[int]:
    """Return the groups that a user is invited to."""
    page = await user.get("/chat/groups/invitations", **asked)
    return [one["group"]["id"] for one in page["invitations"]]


async def accept(user: User, group: Any) -> Any:
    """Accept an invitation, and return the state or the code of the refusal."""
    answer = await ask(user, "/chat/groups/invitations/accept", group_id=group["id"])
    return answer if isinstance(answer, int) else answer["state"]


async def link_of(user: User, group: Any, **wanted: int) -> Any:
    """Create an invitation link."""
    return await in_group(user, group, "/links", **wanted)


async def use(user: User, link: Any) -> Any:
    """Join by a link, and return the state or the code of the refusal."""
    answer = await ask(user, "/chat/groups/join", link_token=link["link_token"])
    return answer if isinstance(answer, int) else answer["state"]


# --- closed groups


async def test_groups_are_closed_by_default(ada: User, carol: User) -> None:
    """Nobody joins without an invitation; a closed group answers like one that does not exist."""
    made = await make_group(ada)

    assert (made["join"], made["approval"]) == ("closed", False)
    answers = [
        await carol.server.ask("POST", f"/chat/groups/{one}/join", token=carol.token, json={})
        for one in (made["id"], UNKNOWN["id"])
    ]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].content == answers[1].content
    assert set(await members(ada, made)) == {ada.id}


async def test_the_join_rule_changes(ada: User, carol: User) -> None:
    """`join` and the older `approval` set the same rule; without approval a group is closed."""
    made = await make_group(ada, join="open", approval=True)
    assert (made["join"], made["approval"]) == ("open", False)

    for wanted, rule in (
        ({"approval": False}, "open"),
        ({"approval": True}, "approval"),
        ({"approval": True}, "approval"),
        ({"approval": False}, "closed"),
        ({"approval": False}, "closed"),
        ({"join": "approval"}, "approval"),
        ({"join": "open", "approval": True}, "open"),
        ({"join": "closed"}, "closed"),
    ):
        changed = await in_group(ada, made, "", **wanted)
        assert (changed["join"], changed["approval"]) == (rule, rule == "approval"), wanted
    assert await refusal(ada, made, join="anybody") == (400, 1002)
    assert await refusal(carol, made, "/join") == (404, 2010)


async def test_groups_cannot_be_found_by_counting(ada: User) -> None:
    """Ids are random, and JavaScript reads them exactly."""
    ids = [(await make_group(ada))["id"] for _ in range(10)]

    assert all(0 < one < 2**53 for one in ids)
    assert min(abs(one - other) for one in ids for other in ids if one != other) > 1000


async def test_nothing_tells_a_hidden_group_from_none(
    server: Server, ada: User, bob: User, carol: User
) -> None:
    """Every route and frame about it gives a user who is not a member the same answer."""
    made = await make_group(ada, bob)
    sent = await ada.post("/chat/send", to_id=made["id"], chat_type="group", data="secret")
    socket = await carol.connect()

    async def answers(group: Any, message: str) -> list[Any]:
        found: list[Any] = []
        here, conv = f"/chat/groups/{group['id']}", group["conv"]
        for method, path, body in (
            *(("GET", f"{here}{end}", {}) for end in ("", "/members", "/requests")),
            *(("GET", f"{here}{end}", {}) for end in ("/links", "/bans")),
            *(("POST", f"{here}{end}", {}) for end in ("/leave", "/dissolve", "/join", "/links")),
            ("POST", here, {"name": "Mine", "join": "open"}),
            ("POST", f"{here}/invite", {"users": [carol.id]}),
            ("POST", f"{here}/ban", {"users": [bob.id]}),
            ("POST", f"{here}/unban", {"users": [bob.id]}),
            ("POST", f"{here}/remove", {"users": [bob.id]}),
            ("POST", f"{here}/requests/accept", {"users": [carol.id]}),
            ("POST", f"{here}/requests/refuse", {"users": [carol.id]}),
            ("POST", f"{here}/hand_over", {"user_id": carol.id}),
            ("POST", f"{here}/roles", {"user_id": bob.id, "role": 1}),
            ("POST", f"{here}/mute", {"user_id": bob.id, "seconds": 60}),
            ("POST", f"{here}/nickname", {"nickname": "C"}),
            ("POST", f"{here}/links/revoke", {"id": 1}),
            ("POST", "/chat/groups/invitations/accept", {"group_id": group["id"]}),
            ("POST", "/chat/groups/invitations/decline", {"group_id": group["id"]}),
            *(
                ("POST", f"/chat/conversations/{end}", {"conv": conv, "on": True})
                for end in ("pin", "quiet")
            ),
            ("POST", "/chat/conversations/hide", {"conv": conv}),
            ("GET", f"/chat/search?q=hidden&conv={conv}", {}),
            ("GET", f"/chat/history?conv={conv}", {}),
            ("POST", "/chat/edit", {"id": message, "data": "x"}),
        ):
            sent_body: dict[str, Any] = {"json": body} if method == "POST" else {}
            answer = await server.ask(method, path, token=carol.token, **sent_body)
            found.append((method, path.replace(conv, "").replace(here, ""), answer.content))
        to = {"to_id": group["id"], "chat_type": "group"}
        for kind, data in (
            ("send", {**to, "data": "x"}),
            ("send", {**to, "data": "x", "options": {"mentions": [bob.id]}}),
            ("send", {**to, "data": "x", "options": {"mentions": [bob.id, 10**15]}}),
            ("send", {**to, "data": "x", "options": {"mentions": "all"}}),
            ("send", {**to, "data": "x", "options": {"reply_to": message}}),
            ("typing", to),
            ("read", {"conv": conv, "seq": 1}),
            ("delivered", {"conv": conv, "seq": 1}),
            ("pull", {"conv": conv}),
            ("sync", {"cursors": {conv: 1}}),
            ("recall", {"id": message}),
            ("readers", {"id": message}),
            ("edit", {"id": message, "data": "x"}),
        ):
            answer = await socket.request(kind, **data)
            answer.pop("id")
            found.append((kind, str(answer).replace(conv, "")))
        return found

    hidden = await answers(made, sent["id"])
    none = await answers(UNKNOWN, "01a20787-0000-7000-8000-000000000000")

    assert hidden == none
    assert not any("secret" in str(one) for one in hidden)


# --- invitations


async def test_a_stranger_is_asked(ada: User, bob: User, carol: User) -> None:
    """A user who never wrote to the inviter is no member before accepting; the group is shown."""
    acquaint(ada, bob)
    socket = await carol.connect()

    made = await ada.post("/chat/groups", name="Friends", members=[bob.id, carol.id])

    assert (made["invited"], made["refused"], made["member_count"]) == ([carol.id], [], 2)
    assert set(await members(ada, made)) == {ada.id, bob.id}
    pushed = (await socket.wait_for(type="system"))["data"]
    assert pushed == {
        "event": "group_invitation",
        "group_id": made["id"],
        "name": "Friends",
        "avatar": "",
        "member_count": 2,
        "inviter_id": ada.id,
        "create_time": pushed["create_time"],
    }
    page = await carol.get("/chat/groups/invitations")
    [one] = page["invitations"]
    card = {"id": made["id"], "name": "Friends", "avatar": "", "member_count": 2}
    assert (one["group"], one["inviter"]["id"], page["more"]) == (card, ada.id, False)
    assert await refusal(carol, made, "/leave") == (404, 2010)

    assert await accept(carol, made) == "joined"

    entry = await next_notice(socket, "joined")
    assert (entry["from_id"], entry["options"]) == (
        carol.id,
        {"event": "joined", "users": [carol.id], "inviter_id": ada.id},
    )
    assert set(await members(ada, made)) == {ada.id, bob.id, carol.id}
    assert await invitations(carol) == []
    assert await accept(carol, made) == 2120


async def test_only_writing_to_somebody_makes_them_known(ada: User, bob: User, carol: User) -> None:
    """Messages of the inviter do not count: a stranger cannot write first and then add."""
    await ada.post("/chat/send", to_id=bob.id, data="Hello")
    await ada.post("/chat/send", to_id=carol.id, data="Hello")
    await carol.post("/chat/send", to_id=ada.id, data="Hello Ada")

    made = await ada.post("/chat/groups", name="Friends", members=[bob.id, carol.id])

    assert (made["invited"], set(await members(ada, made))) == ([bob.id], {ada.id, carol.id})


async def test_who_accepts_nothing_from_strangers_is_not_asked(
    ada: User, bob: User, carol: User
) -> None:
    """Neither are users who blocked the inviter; both are among the refused."""
    await bob.post("/chat/preferences", strangers="nothing")
    await carol.post("/chat/block", user_id=ada.id, on=True)

    made = await ada.post("/chat/groups", name="Friends", members=[bob.id, carol.id])
    again = await ask(ada, f"/chat/groups/{made['id']}/invite", users=[bob.id, carol.id])

    assert (made["invited"], made["refused"]) == ([], sorted([bob.id, carol.id]))
    assert (again["invited"], again["refused"]) == ([], sorted([bob.id, carol.id]))
    assert await invitations(bob) == await invitations(carol) == []
    # Ada is known to Bob once he wrote to her.
    await bob.post("/chat/send", to_id=ada.id, data="Hello")
    answer = await ask(ada, f"/chat/groups/{made['id']}/invite", users=[bob.id])
    assert answer["joined"] == [bob.id]


async def test_declining_ends_it(server: Server, ada: User, bob: User) -> None:
    """The inviter learns nothing, and the group does not ask again for a week."""
    made = await ada.post("/chat/groups", name="Friends", members=[bob.id])
    his, hers = await bob.connect(), await ada.connect()
    path = f"/chat/groups/{made['id']}/invite"

    assert await ask(bob, "/chat/groups/invitations/decline", group_id=made["id"]) == {}

    pushed = (await his.wait_for(type="system"))["data"]
    assert pushed == {"event": "group_invitation_closed", "group_id": made["id"]}
    assert await invitations(bob) == []
    assert await accept(bob, made) == 2120
    assert await ask(bob, "/chat/groups/invitations/decline", group_id=made["id"]) == 2120
    assert (await ask(ada, path, users=[bob.id]))["invited"] == [bob.id]
    assert await invitations(bob) == []
    assert (await hers.request("ping"))["type"] == "pong"
    assert not [one for one in hers.passed if one.get("type") == "system"]
    with database(server) as connection:
        connection.execute(
            "UPDATE group_invitation SET decline_time = decline_time - ? WHERE user_id = ?",
            (7 * DAY, bob.id),
        )
    await ask(ada, path, users=[bob.id])
    assert await invitations(bob) == [made["id"]]


async def test_an_invitation_ends_with_what_it_rests_on(
    server: Server, ada: User, bob: User, carol: User
) -> None:
    """It cannot be accepted after a month, or when the inviter may not invite any more."""

    async def invited(by: User, group: Any) -> None:
        answer = await ask(by, f"/chat/groups/{group['id']}/invite", users=[carol.id])
        assert answer["invited"] == [carol.id]

    old = await make_group(ada, bob)
    await invited(bob, old)
    with database(server) as connection:
        connection.execute(
            "UPDATE group_invitation SET create_time = create_time - ? WHERE user_id = ?",
            (30 * DAY, carol.id),
        )
    assert await accept(carol, old) == 2120
    left = await make_group(ada, bob)
    await invited(bob, left)
    await in_group(bob, left, "/leave")
    assert await accept(carol, left) == 2120
    removed = await make_group(ada, bob)
    await invited(bob, removed)
    await in_group(ada, removed, "/remove", users=[bob.id])
    assert await accept(carol, removed) == 2120
    stricter = await make_group(ada, bob)
    await invited(bob, stricter)
    await in_group(ada, stricter, "", invite_role=1)
    assert await accept(carol, stricter) == 2120
    dissolved = await make_group(ada, bob)
    await invited(bob, dissolved)
    await in_group(ada, dissolved, "/dissolve")
    assert await accept(carol, dissolved) == 2120
    banned = await make_group(ada, bob)
    await invited(bob, banned)
    await in_group(ada, banned, "/ban", users=[carol.id])
    assert await accept(carol, banned) == 2120
    disabled = await make_group(ada, bob)
    await invited(bob, disabled)
    disable(server, bob)
    assert await accept(carol, disabled) == 2120


async def test_with_approval_an_accepted_invitation_waits(
    ada: User, bob: User, carol: User
) -> None:
    """If an ordinary member invites a stranger, first the stranger agrees, then an admin."""
    made = await make_group(ada, bob, approval=True)
    answer = await ask(bob, f"/chat/groups/{made['id']}/invite", users=[carol.id])
    assert (answer["requested"], answer["invited"]) == ([], [carol.id])
    assert (await ada.get(f"/chat/groups/{made['id']}/requests"))["requests"] == []

    assert await accept(carol, made) == "requested"

    [request] = (await ada.get(f"/chat/groups/{made['id']}/requests"))["requests"]
    assert (request["user"]["id"], request["inviter_id"]) == (carol.id, bob.id)
    assert await invitations(carol) == []
    await in_group(ada, made, "/requests/accept", users=[carol.id])
    assert carol.id in await members(ada, made)


async def test_invitations_are_listed_in_pages(server: Server, ada: User, bob: User) -> None:
    """By group id; those of blocked users are hidden."""
    made = sorted(
        [
            (await ada.post("/chat/groups", name=f"Group {number}", members=[bob.id]))["id"]
            for number in range(3)
        ]
    )

    first = await bob.get("/chat/groups/invitations", limit=2)
    assert [one["group"]["id"] for one in first["invitations"]] == made[:2]
    assert first["more"]
    assert await invitations(bob, after=made[1]) == made[2:]
    await bob.post("/chat/block", user_id=ada.id, on=True)
    assert await invitations(bob) == []


async def test_one_request_invites_some_users_and_not_thousands(
    server: Server, ada: User, carol: User
) -> None:
    """An inviter has at most 200 pending invitations, and a user receives at most 100."""
    many = [one.id for one in people(server, 201)]

    assert await ask(ada, "/chat/groups", name="x", members=many) == 4120
    made = await ada.post("/chat/groups", name="x", members=many[:200])
    assert made["invited"] == many[:200]
    assert await ask(ada, f"/chat/groups/{made['id']}/invite", users=[carol.id]) == 4120
    with database(server) as connection:
        connection.executemany(
            "INSERT INTO group_invitation (group_id, user_id, inviter_id, create_time)"
            " SELECT ?, ?, 1, max(create_time) FROM group_invitation",
            [(10**6 + number, carol.id) for number in range(100)],
        )
    other = add_user(server, "other")
    answer = await ask(other, "/chat/groups", name="x", members=[carol.id])
    assert (answer["invited"], answer["refused"]) == ([], [carol.id])


# --- links


async def test_a_link_leads_into_a_closed_group(server: Server, ada: User, carol: User) -> None:
    """Whoever has it sees the group's card and joins; its token is stored nowhere."""
    made = await make_group(ada, avatar="a.png")
    link = await link_of(ada, made)

    shown = await carol.post("/chat/groups/preview", link_token=link["link_token"])
    assert shown == {
        "name": "Friends",
        "avatar": "a.png",
        "member_count": 1,
        "approval": False,
        "group_id": None,
    }
    answer = await carol.post("/chat/groups/join", link_token=link["link_token"])

    assert answer == {"group_id": made["id"], "conv": made["conv"], "state": "joined"}
    assert set(await members(carol, made)) == {ada.id, carol.id}
    assert await use(carol, link) == "joined"
    [listed] = (await ada.get(f"/chat/groups/{made['id']}/links"))["links"]
    assert (listed["id"], listed["uses"], listed["max_uses"]) == (link["id"], 1, 0)
    assert "link_token" not in listed
    assert listed["expire_time"] - listed["create_time"] == 7 * DAY
    assert (await carol.post("/chat/groups/preview", link_token=link["link_token"]))[
        "group_id"
    ] == made["id"]
    with database(server) as connection:
        assert link["link_token"] not in "\n".join(connection.iterdump())


async def test_members_draw_the_qr_code_of_a_link(ada: User, bob: User, carol: User) -> None:
    """The code is an image of any address of a page; for others there is no such group."""
    made = await make_group(ada, bob)
    address = "https://chat.example/#join=" + "x" * 32

    svg = (await in_group(bob, made, "/links/qr", address=address))["svg"]

    image = ElementTree.fromstring(svg)
    side = segno.make_qr(address, error="m").symbol_size()[0]
    assert image.tag == "{http://www.w3.org/2000/svg}svg"
    assert image.attrib["viewBox"] == f"0 0 {side} {side}"
    assert await refusal(carol, made, "/links/qr", address=address) == (404, 2010)
    for wrong in ("", "token", "javascript:alert(1)", "https://a b/", "https://a/" + "x" * 300):
        assert await refusal(bob, made, "/links/qr", address=wrong) == (400, 1002)


async def test_a_link_ends(server: Server, ada: User, bob: User) -> None:
    """It expires, is used up, or is revoked; it looks like one that never existed then."""
    made = await make_group(ada, bob)
    strangers = people(server, 6)

    once = await link_of(ada, made, max_uses=1)
    assert [await use(one, once) for one in strangers[:2]] == ["joined", 2121]
    short = await link_of(ada, made, expires_in=60)
    with database(server) as connection:
        connection.execute(
            "UPDATE group_link SET expire_time = expire_time - 60000 WHERE id = ?", (short["id"],)
        )
    assert await use(strangers[2], short) == 2121
    revoked = await link_of(ada, made)
    assert await in_group(ada, made, "/links/revoke", id=revoked["id"]) == {}
    assert await use(strangers[2], revoked) == 2121
    assert await refusal(ada, made, "/links/revoke", id=revoked["id"]) == (404, 2121)
    for token in ("wrong", once["link_token"], short["link_token"], revoked["link_token"]):
        assert await ask(strangers[3], "/chat/groups/preview", link_token=token) == 2121
    last = await link_of(ada, made)
    await in_group(ada, made, "/dissolve")
    assert await use(strangers[4], last) == 2121


async def test_a_link_has_the_permissions_of_its_creator(
    server: Server, ada: User, bob: User, carol: User
) -> None:
    """The group says who creates links; they end when their creator may not create any."""
    made = await make_group(ada, bob, join="approval")
    assert await refusal(bob, made, "/links") == (403, 2011)
    await in_group(ada, made, "", link_role=0)
    link = await link_of(bob, made)
    assert await refusal(bob, made, "", link_role=0) == (403, 2011)
    listed = await server.ask("GET", f"/chat/groups/{made['id']}/links", token=bob.token)
    assert listed.json()["code"] == 2011

    assert (await carol.post("/chat/groups/preview", link_token=link["link_token"]))["approval"]
    assert await use(carol, link) == "requested"
    await in_group(ada, made, "/requests/refuse", users=[carol.id])
    hers = await link_of(ada, made)
    assert await refusal(bob, made, "/links/revoke", id=hers["id"]) == (403, 2011)
    assert await in_group(bob, made, "/links/revoke", id=link["id"]) == {}
    link = await link_of(bob, made)
    await in_group(ada, made, "", link_role=1)
    assert await use(carol, link) == 2121
    await in_group(ada, made, "", link_role=0)
    await in_group(bob, made, "/leave")
    assert await use(carol, link) == 2121
    assert await use(carol, hers) == "joined"


async def test_a_repeated_request_uses_no_link_up(server: Server, ada: User, bob: User) -> None:
    """Nobody keeps others out of a group by asking again and again with its link."""
    made = await make_group(ada, bob, join="approval", link_role=0)
    link = await link_of(bob, made, max_uses=2)
    eager, other = people(server, 2)

    assert [await use(eager, link) for _ in range(3)] == ["requested"] * 3
    assert [await use(other, link), await use(other, link)] == ["requested", 2121]


async def test_links_have_bounds(ada: User) -> None:
    """A group has 50 links at most, each valid from a minute to a year."""
    made = await make_group(ada)

    for wanted in ({"expires_in": 59}, {"expires_in": 366 * 86400}, {"max_uses": -1}):
        assert await refusal(ada, made, "/links", **wanted) == (400, 1002)
    for _ in range(50):
        await link_of(ada, made)
    assert await refusal(ada, made, "/links") == (400, 2123)


# --- removing and banning


@pytest.mark.parametrize("rule", ["closed", "approval", "open"])
async def test_removed_members_stay_out(ada: User, bob: User, carol: User, rule: str) -> None:
    """Neither the rule, nor a link, nor a member's invitation lets them in, but an admin's does."""
    made = await make_group(ada, bob, carol, join=rule)
    link = await link_of(ada, made)
    await in_group(ada, made, "/remove", users=[carol.id])

    joining = await refusal(carol, made, "/join")
    assert joining == ((404, 2010) if rule == "closed" else (403, 2122))
    assert await use(carol, link) == 2122
    answer = await in_group(bob, made, "/invite", users=[carol.id])
    assert (answer["refused"], answer["joined"], answer["requested"]) == ([carol.id], [], [])
    answer = await in_group(ada, made, "/invite", users=[carol.id])
    assert answer["joined"] == [carol.id]
    await in_group(carol, made, "/leave")
    assert await use(carol, link) == "joined"


async def test_banned_users_do_not_get_in(ada: User, bob: User, carol: User) -> None:
    """In no way, and nobody can invite them, until an admin unbans them."""
    made = await make_group(ada, bob, carol, join="open")
    link, his = await link_of(ada, made), await carol.connect()

    assert await in_group(ada, made, "/ban", users=[carol.id]) == {"banned": [carol.id]}

    entry = await next_notice(his, "removed")
    assert (entry["from_id"], entry["options"]["users"]) == (ada.id, [carol.id])
    assert await refusal(carol, made, "/join") == (403, 2122)
    assert await use(carol, link) == 2122
    for inviter in (ada, bob):
        answer = await in_group(inviter, made, "/invite", users=[carol.id])
        assert answer["refused"] == [carol.id]
    page = await ada.get(f"/chat/groups/{made['id']}/bans")
    [banned] = page["banned"]
    assert (banned["user"]["id"], banned["by_id"], page["more"]) == (carol.id, ada.id, False)
    assert await in_group(ada, made, "/unban", users=[carol.id, bob.id]) == {"unbanned": [carol.id]}
    assert (await ada.get(f"/chat/groups/{made['id']}/bans"))["banned"] == []
    assert await in_group(carol, made, "/join") == {"state": "joined"}


async def test_who_may_ban_whom(server: Server, ada: User, bob: User, carol: User) -> None:
    """Admins ban ordinary members and users who are not members; requests end with a ban."""
    admin, stranger = people(server, 2)
    made = await make_group(ada, bob, carol, admin, join="approval")
    await in_group(ada, made, "/roles", user_id=admin.id, role=1)
    await in_group(stranger, made, "/join")

    for action in ("/ban", "/unban"):
        assert await refusal(bob, made, action, users=[stranger.id]) == (403, 2011)
    answer = await server.ask("GET", f"/chat/groups/{made['id']}/bans", token=bob.token)
    assert answer.json()["code"] == 2011
    for user in (ada, admin):
        assert await refusal(admin, made, "/ban", users=[bob.id, user.id]) == (403, 2011)
    assert await refusal(ada, made, "/ban", users=[ada.id]) == (403, 2011)
    some = sorted([bob.id, stranger.id])
    banned = await in_group(admin, made, "/ban", users=[*some, 10**12])
    assert banned == {"banned": some}
    assert await in_group(ada, made, "/ban", users=[admin.id, bob.id]) == {
        "banned": sorted([admin.id, bob.id])
    }
    assert (await ada.get(f"/chat/groups/{made['id']}/requests"))["requests"] == []
    assert set(await members(ada, made)) == {ada.id, carol.id}
    assert len(rows(server, "SELECT 1 FROM group_exclusion WHERE group_id = ?", made["id"])) == 3
    await in_group(ada, made, "/dissolve")
    assert not rows(server, "SELECT 1 FROM group_exclusion WHERE group_id = ?", made["id"])


async def test_a_group_bans_some_thousands(server: Server, ada: User, carol: User) -> None:
    """Further bans are refused until one ends."""
    made = await make_group(ada)
    with database(server) as connection:
        connection.executemany(
            "INSERT INTO group_exclusion (group_id, user_id, banned, by_id, create_time)"
            " VALUES (?, ?, 1, ?, 0)",
            [(made["id"], 10**9 + number, ada.id) for number in range(5000)],
        )

    assert await refusal(ada, made, "/ban", users=[carol.id]) == (400, 2124)
    await in_group(ada, made, "/unban", users=[10**9])
    assert await in_group(ada, made, "/ban", users=[carol.id]) == {"banned": [carol.id]}


# --- names


@pytest.mark.parametrize("name", ["\u200b\u200b", "a\u202eb", "a\u200bb", "a\nb", "\u3164"])
async def test_names_are_visible(ada: User, name: str) -> None:
    """Invisible, control and direction characters are in no group's name, and no nickname."""
    made = await make_group(ada)

    assert await ask(ada, "/chat/groups", name=name) == 3101
    assert await ask(ada, f"/chat/groups/{made['id']}", name=name) == 3101
    assert await ask(ada, f"/chat/groups/{made['id']}/nickname", nickname=name) == 3101
    changed = await in_group(ada, made, "", name="  Good\u00a0 friends ")
    assert changed["name"] == "Good friends"
    assert await in_group(ada, made, "/nickname", nickname=" Ada  L. ") == {"nickname": "Ada L."}
