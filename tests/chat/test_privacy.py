"""What others see of a user: whether they are online, what they have read, and their name."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import Account, Block, Member, Privacy
from models import User as UserRow
from models.migrations._operations import Run
from services.account.find_users import find_users_by_text
from services.account.search_keys import store_changed_keys
from services.account.username_keys import store_missing_keys
from services.contact.relations import View
from services.contact.sql import read_views
from services.wire import single_conv
from tests.chat.test_presence import on_another_worker, worker_of
from tests.conftest import ROOT
from tests.databases import database_url, open_orm
from tests.groups import make_group, people
from tests.rows import add_user, database, disable
from tests.servers import ChatServer
from yolk.testing import Server, Socket, User

Migration = importlib.import_module("models.migrations.0009_privacy").Migration

__all__ = ["database_url"]


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with two workers."""
    running = ChatServer(ROOT, tmp_path_factory.mktemp("data"), {"WORKERS": "2"}).start()
    yield running
    running.stop()


async def make_contacts(one: User, *others: User) -> None:
    """Let users write to each other."""
    for other in others:
        await other.post("/chat/send", to_id=one.id, data="hello")
        await one.post("/chat/send", to_id=other.id, data="hello")


async def block(user: User, other: User, *, on: bool = True) -> None:
    """Block a user, or unblock them."""
    await user.post("/chat/block", user_id=other.id, on=on)


async def sees_online(viewer: User, user: User) -> bool:
    """Return whether a user is shown as online, wherever the server shows it; all must agree."""
    conversations = await viewer.get("/chat/conversations")
    shown = [
        user.id in (await viewer.post("/chat/presence", users=[user.id]))["online"],
        (await viewer.get(f"/users/{user.id}"))["online"],
        *(one["online"] for one in await viewer.get("/users", q=user.username)),
        *(one["peer"]["online"] for one in conversations if one["peer"]["id"] == user.id),
    ]
    assert len({*shown}) == 1, shown
    return bool(shown[0])


async def watch(viewer: User, user: User) -> tuple[Socket, bool]:
    """Watch a user; return the socket, and whether it was told that the user is online."""
    socket = await viewer.connect()
    answer = await socket.request("presence", users=[user.id])
    return socket, answer["data"]["online"] == [user.id]


async def pushed(socket: Socket, kind: str) -> list[Any]:
    """Return the data of all pushes of a type that arrived before the pong to a ping."""
    await socket.request("ping")
    return [frame["data"] for frame in socket.passed if frame.get("type") == kind]


async def peer_cursors(viewer: User, user: User) -> tuple[int, int]:
    """Return the read and delivered cursor of a peer in the list of conversations."""
    [found] = [
        one for one in await viewer.get("/chat/conversations") if one["peer"]["id"] == user.id
    ]
    return found["peer_read_seq"], found["peer_delivered_seq"]


# --- preferences


async def test_preferences_change_one_by_one(server: Server, ada: User) -> None:
    """What a request leaves out stays as it is; all devices get all preferences."""
    phone = await ada.connect()
    assert await ada.get("/chat/preferences") == {
        "strangers": "freely",
        "presence": "everyone",
        "receipts": True,
        "found_by": "name",
    }

    await ada.post("/chat/preferences", presence="contacts")
    await ada.post("/chat/preferences", receipts=False, strangers="one")
    answer = await ada.post("/chat/preferences", found_by="username")

    wanted = {
        "strangers": "one",
        "presence": "contacts",
        "receipts": False,
        "found_by": "username",
    }
    assert answer == wanted == await ada.get("/chat/preferences")
    events = await pushed(phone, "system")
    assert events[-1] == {"event": "preferences", **wanted}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"unknown": 1},
        {"presence": "friends"},
        {"presence": None},
        {"receipts": "yes"},
        {"receipts": 1.5},
        {"found_by": ""},
        {"strangers": "nothing", "presence": "x"},
    ],
    ids=str,
)
async def test_invalid_preferences_change_nothing(server: Server, ada: User, body: Any) -> None:
    """One invalid preference, or none at all, refuses the whole request."""
    before = await ada.get("/chat/preferences")
    answer = await server.ask("POST", "/chat/preferences", token=ada.token, json=body)

    assert answer.json()["code"] == 1002
    assert await ada.get("/chat/preferences") == before


# --- presence


async def test_presence_can_be_hidden(ada: User, bob: User) -> None:
    """A user who hides their presence is offline everywhere, except for themselves."""
    await make_contacts(ada, bob)
    await ada.connect()
    assert await sees_online(bob, ada)

    await ada.post("/chat/preferences", presence="nobody")

    assert not await sees_online(bob, ada)
    assert await sees_online(ada, ada)


async def test_presence_for_contacts_is_shown_to_contacts(ada: User, bob: User) -> None:
    """Contacts have written to each other: one direction is not enough."""
    await ada.connect()
    await ada.post("/chat/preferences", presence="contacts")
    assert not await sees_online(bob, ada)
    await bob.post("/chat/send", to_id=ada.id, data="hello")
    assert not await sees_online(bob, ada)

    await ada.post("/chat/send", to_id=bob.id, data="hello")

    assert await sees_online(bob, ada)


async def test_who_was_only_written_to_is_no_contact(ada: User, bob: User) -> None:
    """The other direction is not enough either."""
    await ada.connect()
    await ada.post("/chat/preferences", presence="contacts")
    await ada.post("/chat/send", to_id=bob.id, data="hello")

    assert not await sees_online(bob, ada)


async def test_members_of_a_group_do_not_see_a_hidden_presence(server: Server) -> None:
    """The list of members and the list of readers follow the preference."""
    owner, member = people(server, 2)
    await make_contacts(owner, member)
    group = await make_group(owner, member)
    await member.connect()
    sent = await owner.post("/chat/send", to_id=group["id"], chat_type="group", data="x")
    await member.post("/chat/read", conv=group["conv"], seq=sent["seq"])

    async def shown() -> list[bool]:
        page = await owner.get(f"/chat/groups/{group['id']}/members")
        readers = await owner.post("/chat/readers", id=sent["id"])
        rows = [row for row in page["members"] if row["user_id"] == member.id]
        return [one["online"] for one in [*rows, *readers["readers"]]]

    assert await shown() == [True, True]
    await member.post("/chat/preferences", presence="nobody")
    assert await shown() == [False, False]


async def test_a_blocked_user_sees_the_blocker_offline(ada: User, bob: User) -> None:
    """Until unblocked; the blocker goes on seeing the blocked user."""
    await make_contacts(ada, bob)
    await ada.connect()
    await bob.connect()
    await block(ada, bob)

    assert not (await bob.post("/chat/presence", users=[ada.id]))["online"]
    assert not (await bob.get(f"/users/{ada.id}"))["online"]
    assert not any(one["peer"]["online"] for one in await bob.get("/chat/conversations"))
    assert await sees_online(ada, bob)

    await block(ada, bob, on=False)
    assert await sees_online(bob, ada)


async def test_hidden_users_are_not_pushed(ada: User, bob: User) -> None:
    """Neither coming online nor going offline is pushed to users who may not see it."""
    await ada.post("/chat/preferences", presence="contacts")
    his, online = await watch(bob, ada)
    await (await ada.connect()).close()
    await ada.post("/chat/preferences", presence="everyone")
    await ada.connect()

    assert not online
    assert (await his.wait_for(type="presence"))["data"] == {"user_id": ada.id, "online": True}
    assert await pushed(his, "presence") == []


async def test_a_block_takes_effect_on_open_sockets(ada: User, bob: User) -> None:
    """The blocked user gets the push of a user who goes offline, and no further one."""
    hers = await ada.connect()
    his, online = await watch(bob, ada)
    assert online

    await block(ada, bob)
    gone = await his.wait_for(type="presence")
    await hers.close()
    hers = await ada.connect()
    again = await his.request("presence", users=[ada.id])
    assert await pushed(his, "presence") == []
    await block(ada, bob, on=False)
    back = await his.wait_for(type="presence")
    await hers.close()
    closed = await his.wait_for(type="presence")

    assert gone["data"] == closed["data"] == {"user_id": ada.id, "online": False}
    assert back["data"] == {"user_id": ada.id, "online": True}
    assert again["data"] == {"online": []}


async def test_a_block_concerns_no_other_watcher(server: Server, ada: User, bob: User) -> None:
    """Others go on getting the presence, once for each change."""
    carol = add_user(server, "carol")
    hers = await ada.connect()
    other, _ = await watch(carol, ada)
    await watch(bob, ada)

    await block(ada, bob)
    await hers.close()

    await other.wait_for(type="presence")
    assert await pushed(other, "presence") == []


async def test_blocking_an_offline_user_pushes_nothing(ada: User, bob: User) -> None:
    """There is nothing to be seen of it."""
    his, _ = await watch(bob, ada)
    await block(ada, bob)
    await block(ada, bob, on=False)
    await ada.post("/chat/preferences", presence="nobody")
    await ada.post("/chat/preferences", presence="everyone")
    await ada.connect()

    assert (await his.wait_for(type="presence"))["data"] == {"user_id": ada.id, "online": True}
    assert await pushed(his, "presence") == []


async def test_a_block_takes_effect_on_every_worker(two_workers: Server) -> None:
    """Sockets on both workers see the same, whichever worker changes the rule."""
    ada, bob = add_user(two_workers, "ada"), add_user(two_workers, "bob")
    hers = await ada.connect()
    here, _ = await watch(bob, ada)
    there = await on_another_worker(bob, worker_of(here))
    assert (await there.request("presence", users=[ada.id]))["data"] == {"online": [ada.id]}

    for change, online in (
        (lambda: block(ada, bob), False),
        (lambda: block(ada, bob, on=False), True),
        (lambda: ada.post("/chat/preferences", presence="nobody"), False),
        (lambda: ada.post("/chat/preferences", presence="everyone"), True),
        (hers.close, False),
    ):
        await change()
        for socket in (here, there):
            push = await socket.wait_for(type="presence")
            assert push["data"] == {"user_id": ada.id, "online": online}


async def test_a_user_who_hides_sees_others(ada: User, bob: User) -> None:
    """Hiding one's own presence does not hide that of others."""
    await bob.connect()
    await ada.post("/chat/preferences", presence="nobody")

    assert await sees_online(ada, bob)


# --- receipts


async def test_read_receipts_can_be_hidden(ada: User, bob: User) -> None:
    """The other user learns what was delivered, and not what was read; in both directions."""
    await make_contacts(ada, bob)
    conv = single_conv(ada.id, bob.id)
    await bob.post("/chat/preferences", receipts=False)
    hers, his = await ada.connect(), await bob.connect()
    sent = await ada.post("/chat/send", to_id=bob.id, data="x")

    await bob.post("/chat/read", conv=conv, seq=sent["seq"])
    got = await hers.wait_for(type="receipt")
    own = await his.wait_for(type="receipt")
    answer = await bob.post("/chat/send", to_id=ada.id, data="y")
    await ada.post("/chat/read", conv=conv, seq=answer["seq"])
    back = await his.wait_for(type="receipt")

    assert got["data"] == {"conv": conv, "user_id": bob.id, "delivered_seq": sent["seq"]}
    assert own["data"] == {"conv": conv, "user_id": bob.id, "read_seq": sent["seq"]}
    assert back["data"] == {"conv": conv, "user_id": ada.id, "delivered_seq": answer["seq"]}
    assert await peer_cursors(ada, bob) == (0, sent["seq"])
    assert await peer_cursors(bob, ada) == (0, answer["seq"])
    assert (await ada.post("/chat/readers", id=sent["id"]))["count"] == 0
    assert (await bob.post("/chat/readers", id=answer["id"]))["readers"] == []


async def test_reading_what_was_delivered_is_not_shown_at_all(ada: User, bob: User) -> None:
    """A read receipt that would say nothing else is left out."""
    await make_contacts(ada, bob)
    conv = single_conv(ada.id, bob.id)
    await bob.post("/chat/preferences", receipts=False)
    hers, his = await ada.connect(), await bob.connect()
    sent = await ada.post("/chat/send", to_id=bob.id, data="x")

    await bob.post("/chat/delivered", conv=conv, seq=sent["seq"])
    await hers.wait_for(type="receipt")
    await bob.post("/chat/read", conv=conv, seq=sent["seq"])
    while "read_seq" not in (await his.wait_for(type="receipt"))["data"]:
        pass

    assert await pushed(hers, "receipt") == []


async def test_hidden_receipts_are_shown_again_when_both_show_them(ada: User, bob: User) -> None:
    """The preference hides; it forgets nothing."""
    await make_contacts(ada, bob)
    conv = single_conv(ada.id, bob.id)
    await bob.post("/chat/preferences", receipts=False)
    sent = await ada.post("/chat/send", to_id=bob.id, data="x")
    await bob.post("/chat/read", conv=conv, seq=sent["seq"])
    assert await peer_cursors(ada, bob) == (0, sent["seq"])

    await bob.post("/chat/preferences", receipts=True)

    assert await peer_cursors(ada, bob) == (sent["seq"], sent["seq"])


async def test_a_blocked_user_gets_no_receipts(ada: User, bob: User) -> None:
    """What the blocked user saw before stays, so that nothing tells of the block."""
    await make_contacts(ada, bob)
    conv = single_conv(ada.id, bob.id)
    first = await bob.post("/chat/send", to_id=ada.id, data="x")
    await ada.post("/chat/read", conv=conv, seq=first["seq"])
    second = await bob.post("/chat/send", to_id=ada.id, data="y")
    his, hers = await bob.connect(), await ada.connect()

    await block(ada, bob)
    await ada.post("/chat/read", conv=conv, seq=second["seq"])

    assert (await hers.wait_for(type="receipt"))["data"]["read_seq"] == second["seq"]
    assert await pushed(his, "receipt") == []
    assert await peer_cursors(bob, ada) == (first["seq"], first["seq"])
    assert (await bob.post("/chat/readers", id=first["id"]))["count"] == 1
    assert (await bob.post("/chat/readers", id=second["id"]))["count"] == 0
    await block(ada, bob, on=False)
    assert await peer_cursors(bob, ada) == (second["seq"], second["seq"])


async def test_receipts_in_a_group_follow_the_same_rules(server: Server) -> None:
    """Of four members who read a message, the author sees the one who shows it to them."""
    author, open_one, hiding, blocker = people(server, 4)
    await make_contacts(author, open_one, hiding, blocker)
    group = await make_group(author, open_one, hiding, blocker)
    await hiding.post("/chat/preferences", receipts=False)
    await block(blocker, author)
    socket = await author.connect()
    sent = await author.post("/chat/send", to_id=group["id"], chat_type="group", data="x")

    for reader in (hiding, blocker, open_one):
        await reader.post("/chat/read", conv=group["conv"], seq=sent["seq"])

    receipts = [(await socket.wait_for(type="receipt"))["data"] for _ in range(2)]
    assert receipts == [
        {"conv": group["conv"], "user_id": hiding.id, "delivered_seq": sent["seq"]},
        {"conv": group["conv"], "user_id": open_one.id, "read_seq": sent["seq"]},
    ]
    found = await author.post("/chat/readers", id=sent["id"])
    assert [one["id"] for one in found["readers"]] == [open_one.id]
    assert (found["count"], found["total"]) == (1, 3)


async def test_readers_are_paged_without_those_who_hide(server: Server) -> None:
    """A page is full although users in between are left out."""
    author, *readers = people(server, 5)
    await make_contacts(author, *readers)
    group = await make_group(author, *readers)
    sent = await author.post("/chat/send", to_id=group["id"], chat_type="group", data="x")
    for reader in readers:
        await reader.post("/chat/read", conv=group["conv"], seq=sent["seq"])
    await readers[1].post("/chat/preferences", receipts=False)

    first = await author.post("/chat/readers", id=sent["id"], limit=2)
    rest = await author.post(
        "/chat/readers", id=sent["id"], limit=2, after=first["readers"][-1]["id"]
    )

    assert [one["id"] for one in first["readers"]] == [readers[0].id, readers[2].id]
    assert [one["id"] for one in rest["readers"]] == [readers[3].id]
    assert (first["more"], rest["more"]) == (True, False)
    assert first["count"] == rest["count"] == 3


# --- typing


async def test_typing_is_not_shown_where_one_blocked_the_other(server: Server) -> None:
    """In a group and between two, in both directions; the one who types does not learn of it."""
    ada, bob, carol = people(server, 3)
    await make_contacts(ada, bob, carol)
    group = await make_group(ada, bob, carol)
    sockets = {user.id: await user.connect() for user in (ada, bob, carol)}
    await block(ada, bob)

    for writer in (ada, bob):
        assert await writer.post("/chat/typing", to_id=group["id"], chat_type="group") == {}
    assert await ada.post("/chat/typing", to_id=bob.id) == {}
    assert await bob.post("/chat/typing", to_id=ada.id) == {}

    seen = [one["from_id"] for one in await pushed(sockets[carol.id], "typing")]
    assert seen == [ada.id, bob.id]
    assert await pushed(sockets[ada.id], "typing") == []
    assert await pushed(sockets[bob.id], "typing") == []


# --- search


async def found(viewer: User, text: str) -> list[int]:
    """Return the ids of the users that a search finds."""
    return [one["id"] for one in await viewer.get("/users", q=text)]


async def test_a_user_decides_how_the_search_finds_them(ada: User, bob: User) -> None:
    """By a part of a name, a prefix of the username or all of it; users always find themselves."""
    await ada.post("/account/profile", nickname=f"Countess {ada.username}")
    part, prefix, username = ada.username[1:], ada.username[:-1], ada.username
    for found_by, by_part, by_prefix, by_username in (
        ("name", [ada.id], [ada.id], [ada.id]),
        ("prefix", [], [ada.id], [ada.id]),
        ("username", [], [], [ada.id]),
        ("nothing", [], [], []),
    ):
        await ada.post("/chat/preferences", found_by=found_by)
        assert await found(bob, part) == await found(bob, f"TESS {username}") == by_part
        assert await found(ada, part) == [ada.id]
        assert await found(bob, prefix) == by_prefix
        assert await found(bob, username) == by_username
        assert await found(ada, prefix) == [ada.id]


async def test_a_search_does_not_find_who_blocked_the_searcher(
    server: Server, ada: User, bob: User
) -> None:
    """Others find them, and the blocker finds the blocked user."""
    carol = add_user(server, "carol")
    await block(ada, bob)

    assert await found(bob, ada.username) == []
    assert await found(carol, ada.username) == [ada.id]
    assert await found(ada, bob.username) == [bob.id]


async def test_a_search_does_not_find_disabled_or_deleted_users(server: Server, ada: User) -> None:
    """Whichever program disabled them."""
    disabled, deleted = people(server, 2)
    disable(server, disabled)
    with database(server) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO user_account (user_id, delete_time) VALUES (?, 1)",
            (deleted.id,),
        )

    assert await found(ada, disabled.username) == await found(ada, deleted.username) == []


async def test_a_search_is_full_although_users_are_left_out(server: Server, ada: User) -> None:
    """The limit counts those who are found."""
    hidden, shown = people(server, 2)
    name = f"zoe-{hidden.username}"
    with database(server) as connection:
        connection.execute("UPDATE user SET username = ? WHERE id = ?", (f"{name}-1", hidden.id))
        connection.execute("UPDATE user SET username = ? WHERE id = ?", (f"{name}-2", shown.id))
    await hidden.post("/chat/preferences", found_by="nothing")

    assert [one["id"] for one in await ada.get("/users", q=name, limit=1)] == [shown.id]


@pytest.mark.parametrize("text", ["x" * 30, "\U0010ffff" * 30, "%", "_", "'", "a?b$1%s"])
async def test_a_search_takes_any_text(ada: User, text: str) -> None:
    """It finds nobody, and is no error."""
    assert await found(ada, text) == []


async def test_a_search_for_what_no_database_stores_is_refused(server: Server, ada: User) -> None:
    """PostgreSQL has no U+0000."""
    answer = await server.ask("GET", "/users", token=ada.token, params={"q": "a\0"})

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


# --- cards


async def test_a_card_opens_no_way_to_its_user(server: Server, ada: User, bob: User) -> None:
    """Anybody may recommend a user; the recipient is as much a stranger to that user as before."""
    carol = add_user(server, "carol")
    await carol.post("/chat/preferences", strangers="nothing", presence="contacts")
    await carol.connect()
    await ada.post("/chat/send", to_id=bob.id, type="card", data=f'{{"user_id":{carol.id}}}')

    refused = await server.ask(
        "POST", "/chat/send", token=bob.token, json={"to_id": carol.id, "data": "x"}
    )

    assert refused.json()["code"] == 2008
    assert not await sees_online(bob, carol)


# --- on every database


async def test_views_are_the_same_on_every_database(tmp_path: Path, database_url: str) -> None:
    """One query answers for any pairs of users."""
    async with open_orm(tmp_path, database_url) as host:
        for user_id, presence, receipts in (
            (2, "contacts", 1),
            (3, "nobody", 0),
            (4, "contacts", 1),
        ):
            await Privacy.create(user_id=user_id, presence=presence, receipts=receipts)
        await Block.create(user_id=5, blocked_id=1, read_seq=7, delivered_seq=8)
        for other, sent in ((2, 1), (4, 0)):
            conv = single_conv(1, other)
            await Member.create(conv=conv, user_id=1, sent_seq=2)
            await Member.create(conv=conv, user_id=other, sent_seq=sent)
        orm = host.orm
        pairs = [(1, other) for other in (1, 2, 3, 4, 5, 2**62)]

        views = await read_views(orm.connection, orm.dialect, [*pairs, (5, 1), (3, 2)])

        assert views == {
            (1, 1): View(),
            (1, 2): View(),
            (1, 3): View(presence=False, receipts=False),
            (1, 4): View(presence=False),
            (1, 5): View(blocked=True, presence=False, read_seq=7, delivered_seq=8),
            (1, 2**62): View(),
            (5, 1): View(),
            (3, 2): View(presence=False, receipts=False),
        }
        assert await read_views(orm.connection, orm.dialect, []) == {}
        many = [(1, other) for other in range(10, 1300)]
        assert await read_views(orm.connection, orm.dialect, [*many, (1, 3)]) == {
            **dict.fromkeys(many, View()),
            (1, 3): View(presence=False, receipts=False),
        }


async def test_earlier_blocks_keep_their_cursors(tmp_path: Path, database_url: str) -> None:
    """The migration stores what blocked users see already; running it again changes nothing."""
    run = Migration.operations[-1]
    assert isinstance(run, Run)
    async with open_orm(tmp_path, database_url) as host:
        for user_id, blocked_id, seq in ((2, 1, 5), (1, 3, 6), (4, 5, 0)):
            await Block.create(user_id=user_id, blocked_id=blocked_id)
            conv = single_conv(user_id, blocked_id)
            if seq:
                await Member.create(conv=conv, user_id=user_id, read_seq=seq, delivered_seq=seq + 1)
            await Member.create(conv=conv, user_id=blocked_id, read_seq=9, delivered_seq=9)
        assert not isinstance(run.statements, str)
        for _ in range(2):
            for statement in run.statements[host.orm.dialect]:
                await host.orm.connection.execute_query(statement)
            await Member.filter(read_seq=5).update(read_seq=7)

        rows = await Block.all().order_by("user_id")
        assert [(row.read_seq, row.delivered_seq) for row in rows] == [(6, 7), (5, 6), (0, 0)]


async def test_a_search_is_the_same_on_every_database(tmp_path: Path, database_url: str) -> None:
    """Of users whose usernames begin alike, those are found who want to be."""
    async with open_orm(tmp_path, database_url) as host:
        for number in range(1, 8):
            await UserRow.create(
                id=number, username=f"ada{number}", password="", status=number != 2
            )
        await store_missing_keys(host.orm)
        await store_changed_keys(host.orm)
        await Account.filter(user_id=3).update(delete_time=1)
        await Block.create(user_id=4, blocked_id=1)
        await Privacy.create(user_id=5, found_by="username")
        await Privacy.create(user_id=6, found_by="nothing")

        async def ids(text: str, limit: int = 9) -> list[int]:
            return [row["id"] for row in await find_users_by_text(host.orm, 1, text, limit)]

        assert await ids("ada") == [1, 7]
        assert await ids("ada", 1) == [1]
        assert await ids("ada5") == [5]
        assert await ids("da5") == await ids("da6") == []
        assert await ids("ada6") == await ids("ada4") == await ids("x" * 30) == []
