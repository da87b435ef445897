"""The list of conversations: what is in it, in which order, and what it costs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from models import Conversation, Group, Member, Message, User
from services.conversation.overview import Overview, Place, Unread
from services.conversation.sql.memberships import read_memberships
from services.conversation.sql.overview import read_overview, read_unread
from tests.chat.test_cursors import make_group
from tests.databases import Host, database_url, open_orm
from tests.rows import add_user
from yolk.testing import Server
from yolk.testing import User as Person

__all__ = ["database_url"]

ME = 1


async def add(conv: str, *, at: int, count: int = 3, **mine: Any) -> None:
    """Put user 1 into a conversation of *count* messages, the last of them at the time *at*."""
    kind, other = conv[0], int(conv.rpartition(":")[2])
    chat_type = "single" if kind == "s" else "group"
    await Conversation.create(
        conv=conv, chat_type=chat_type, last_seq=count, last_number=count, update_time=at
    )
    await Member.create(conv=conv, user_id=ME, **mine)
    if kind == "g":
        await Group.create(id=other, name=f"group {other}", owner_id=2, member_count=7)
        await Member.bulk_create([Member(conv=conv, user_id=user) for user in range(2, 8)])
    elif other != ME:
        await User.create(id=other, username=f"user{other}", password="", nickname=None)
        await Member.create(conv=conv, user_id=other, read_seq=2, delivered_seq=3)
    await Message.bulk_create(
        [
            Message(
                conv=conv,
                seq=seq,
                number=seq,
                from_id=other if kind == "s" else 2,
                to_id=ME,
                chat_type=chat_type,
                type="text",
                data=f"{conv} {seq}",
                options='{"a":1}',
            )
            for seq in range(1, count + 1)
        ]
    )


@pytest.fixture
async def host(tmp_path: Path, database_url: str) -> AsyncIterator[Host]:
    """Yield each kind of database, with user 1 in some conversations."""
    async with open_orm(tmp_path, database_url) as host:
        await User.create(id=ME, username="me", password="", nickname="I", avatar="a.png")
        await add("s:1:5", at=50)
        await add("s:1:6", at=60, read_seq=1, read_number=1, quiet=1)
        await add("g:7", at=70, join_seq=3, delivered_seq=3, read_seq=3, read_number=3)
        await add("g:8", at=20, pin_time=1000, join_seq=1)
        await add("s:1:9", at=90, hidden_seq=3)
        await add("s:1:1", at=10)
        yield host


async def listed(host: Host, limit: int = 100, after: Place | None = None) -> list[Overview]:
    """Return a page of the list."""
    return await read_overview(host.orm.connection, host.orm.dialect, ME, limit, after)


async def test_what_the_list_says(host: Host) -> None:
    """An item has the other user or the group, and the last message."""
    found = {one.conv: one for one in await listed(host)}

    pair, group, myself = found["s:1:5"], found["g:8"], found["s:1:1"]
    assert pair.peer is not None
    assert (pair.peer.id, pair.peer.username, pair.peer.nickname) == (5, "user5", "user5")
    assert (pair.group, pair.peer_read_seq, pair.peer_delivered_seq) == (None, 2, 3)
    assert pair.last is not None
    assert (pair.last.seq, pair.last.data, bytes(pair.last.options or b"")) == (
        3,
        "s:1:5 3",
        b'{"a":1}',
    )
    assert group.group is not None
    assert (group.group.id, group.group.name, group.group.member_count) == (8, "group 8", 7)
    assert (group.peer, group.peer_read_seq, group.chat_type) == (None, 0, "group")
    assert myself.peer is not None
    assert (myself.peer.id, myself.peer.nickname, myself.peer.avatar) == (ME, "I", "a.png")
    assert [(one.conv, one.unread, one.quiet) for one in found.values()] == [
        ("g:8", 3, 0),
        ("g:7", 0, 0),
        ("s:1:6", 2, 1),
        ("s:1:5", 3, 0),
        ("s:1:1", 3, 0),
    ]


async def test_nothing_from_before_one_came_is_shown(host: Host) -> None:
    """A member who joined a group without its history does not see earlier messages in the list."""
    found = {one.conv: one.last for one in await listed(host)}

    assert found["g:7"] is None
    assert found["g:8"] is not None


async def test_pages_of_the_list(host: Host) -> None:
    """Pinned conversations come first, then the latest; a page begins where the last one ended."""
    whole = [one.conv for one in await listed(host)]
    found: list[str] = []
    after = None
    while page := await listed(host, 2, after):
        found += [one.conv for one in page]
        after = Place.of(page[-1].place)

    assert found == whole == ["g:8", "g:7", "s:1:6", "s:1:5", "s:1:1"]


async def test_what_is_hidden_comes_back_with_something_new(host: Host) -> None:
    """Until then it is neither in the list nor counted."""
    assert await unread(host) == Unread(total=11, quiet=2, conversations=4)
    await Conversation.filter(conv="s:1:9").update(last_seq=4, last_number=4, update_time=99)

    assert [one.conv for one in await listed(host)][1] == "s:1:9"
    assert await unread(host) == Unread(total=15, quiet=2, conversations=5)


async def unread(host: Host) -> Unread:
    """Count what is unread."""
    return await read_unread(host.orm.connection, host.orm.dialect, ME)


async def test_one_query_however_many(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """The list, the unread count and the start of a sync each take one query."""
    for reading in (
        listed(host),
        unread(host),
        read_memberships(host.orm.connection, host.orm.dialect, ME),
    ):
        caplog.clear()
        with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
            await reading
        assert len(caplog.records) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_is_scanned(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Each row of each table is found by an index. Elsewhere plans depend on the rows."""
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        await listed(host, 2, Place(0, 10, "s:1:1"))
        await unread(host)
        await read_memberships(host.orm.connection, "sqlite", ME)
    for record in caplog.records:
        query, values = cast("tuple[str, list[Any]]", record.args)
        plan = await host.orm.connection.execute_query_dict(f"EXPLAIN QUERY PLAN {query}", values)
        scans = [row["detail"] for row in plan if row["detail"].startswith("SCAN")]
        assert [scan for scan in scans if scan != "SCAN p"] == []


async def test_memberships_that_are_behind(host: Host) -> None:
    """Only conversations with undelivered entries are read, in the order of the list."""
    found = await read_memberships(host.orm.connection, host.orm.dialect, ME, behind=True)

    assert [(one.conv, one.join_seq, one.unread) for one in found] == [
        ("s:1:9", 0, 3),
        ("s:1:6", 0, 2),
        ("s:1:5", 0, 3),
        ("g:8", 1, 3),
        ("s:1:1", 0, 3),
    ]


# --- over the wire


async def convs(user: Person, **asked: Any) -> list[str]:
    """Return the conversations on a page of the list."""
    return [one["conv"] for one in await user.get("/chat/conversations", **asked)]


async def test_pinning_quieting_and_hiding(server: Server, ada: Person, bob: Person) -> None:
    """The list changes, and the user's other devices are notified."""
    carol = add_user(server, "carol")
    first = (await ada.post("/chat/send", to_id=bob.id, data="x"))["conv"]
    second = (await ada.post("/chat/send", to_id=carol.id, data="x"))["conv"]
    phone = await ada.connect()

    pinned = await ada.post("/chat/conversations/pin", conv=first, on=True)
    told = (await phone.wait_for(type="system"))["data"]
    assert told == {
        "event": "conversation",
        "conv": first,
        "pin_time": pinned["pin_time"],
        "quiet": 0,
        "hidden_seq": 0,
    }
    assert pinned["pin_time"] > 0
    assert await convs(ada) == [first, second]
    await ada.post("/chat/conversations/quiet", conv=second, on=True)
    assert (await phone.wait_for(type="system"))["data"]["quiet"] == 1

    hidden = await ada.post("/chat/conversations/hide", conv=first)
    assert (hidden["pin_time"], hidden["hidden_seq"]) == (0, 1)
    assert await convs(ada) == [second]
    assert await convs(ada, hidden=True) == [first]
    shown = await ada.post("/chat/conversations/hide", conv=first, on=False)
    assert (shown["hidden_seq"], await convs(ada, hidden=True)) == (0, [])
    assert sorted(await convs(ada)) == sorted([first, second])
    await ada.post("/chat/conversations/hide", conv=first)
    await bob.post("/chat/send", to_id=ada.id, data="back again")
    assert await convs(ada) == [first, second]
    await ada.post("/chat/conversations/hide", conv=second)
    await ada.post("/chat/conversations/pin", conv=second, on=True)
    assert await convs(ada) == [second, first]
    await ada.post("/chat/conversations/pin", conv=second, on=False)
    assert sorted(await convs(ada)) == sorted([second, first])


async def test_only_ones_own_conversations(server: Server, ada: Person, bob: Person) -> None:
    """A user can neither arrange a conversation of others nor move cursors in it."""
    conv = (await ada.post("/chat/send", to_id=bob.id, data="x"))["conv"]
    carol = add_user(server, "carol")

    for path in ("conversations/pin", "conversations/quiet", "conversations/hide", "delivered"):
        body = {"conv": conv, "on": True, "seq": 1}
        answer = await server.ask("POST", f"/chat/{path}", token=carol.token, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, 2002)


async def test_the_list_by_pages_and_the_total(server: Server, ada: Person) -> None:
    """`place` is where the next page begins; `/chat/unread` counts all of them."""
    friends = [add_user(server, f"friend{number}") for number in range(5)]
    for friend in friends:
        await friend.post("/chat/send", to_id=ada.id, data="x")
        await friend.post("/chat/send", to_id=ada.id, data="y")
    socket = await friends[0].connect()
    await socket.ping()

    first = await ada.get("/chat/conversations", limit=3)
    rest = await ada.get("/chat/conversations", limit=3, before=first[-1]["place"])
    wrong = await server.ask(
        "GET", "/chat/conversations", token=ada.token, params={"before": "rubbish"}
    )

    names = [one["peer"]["username"] for one in [*first, *rest]]
    assert names == [friend.username for friend in reversed(friends)]
    assert [one["peer"]["online"] for one in rest] == [False, True]
    assert await ada.get("/chat/unread") == {"total": 10, "quiet": 0, "conversations": 5}
    assert (wrong.status_code, wrong.json()["code"]) == (400, 1002)


async def test_a_group_is_listed_and_synced(server: Server, ada: Person, bob: Person) -> None:
    """It has its card, its last message and its unread count; after leaving, it is gone."""
    conv, group_id = await make_group(ada, bob)
    sent = await ada.post("/chat/send", to_id=group_id, chat_type="group", data="hello")
    await bob.post("/chat/conversations/quiet", conv=conv, on=True)

    [one] = await bob.get("/chat/conversations")
    assert (one["conv"], one["peer"], one["chat_type"], one["quiet"]) == (conv, None, "group", 1)
    assert one["group"] == {"id": group_id, "name": "a group", "avatar": "", "member_count": 2}
    assert (one["last"]["id"], one["unread"], one["last_seq"]) == (sent["id"], 1, sent["seq"])
    [missed] = (await bob.post("/chat/sync", cursors={conv: sent["seq"] - 1}))["conversations"]
    assert [message["data"] for message in missed["messages"]] == ["hello"]
    assert (missed["quiet"], missed["pin_time"], missed["chat_type"]) == (1, 0, "group")

    await bob.post(f"/chat/groups/{group_id}/leave")
    assert await bob.get("/chat/conversations") == []
    [gone] = (await bob.post("/chat/sync", cursors={conv: 1}))["conversations"]
    assert (gone["conv"], gone["gone"], gone["messages"]) == (conv, True, [])


async def test_who_is_online_over_http(server: Server, ada: Person, bob: Person) -> None:
    """The answer has the presence at that time, and no later changes follow."""
    await (await bob.connect()).ping()

    found = await ada.post("/chat/presence", users=[ada.id, bob.id])

    assert found == {"online": [bob.id]}
