"""How far everybody is: stored in batches, forward only, and told to whom it concerns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from models import Conversation, Member, Message
from services.conversation.cursor_writer import cursor_writer
from services.conversation.sql.cursors import CursorStore, Move, Moved, cursor_store_for
from services.errors import Busy, ChatError, NoConversation, Unavailable
from tests.databases import Host, database_url, open_orm
from tests.groups import acquaint
from tests.rows import add_user
from yolk.concurrency import Batcher
from yolk.testing import Server, User

__all__ = ["database_url"]

# SQLite has one writer at a time.
MANY_WRITERS = pytest.mark.parametrize("database_url", ["postgres", "mariadb"], indirect=True)


class Chat:
    """A writer of cursors on a database with some conversations of 1 and 2, and of 1 and 3."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.told: list[Moved] = []
        self.writer = self.make_writer()

    def make_writer(
        self, batch: int = 256, queue: int = 1000, store: CursorStore | None = None
    ) -> Batcher[Move, Moved]:
        """Return one more writer, as another worker has it."""
        return cursor_writer(
            store or cursor_store_for(self.host.orm),
            self.host.orm.unavailable_errors,
            self.tell,
            max_batch=batch,
            max_waiting=queue,
            logger=logging.getLogger("tests"),
        )

    async def tell(self, moved: Sequence[Moved]) -> None:
        """Keep what moved."""
        self.told += moved

    async def move(self, *moves: Move) -> list[Moved | BaseException]:
        """Put moves in at once, and give what becomes of each."""
        found = await asyncio.gather(*self.writer.put_all(moves), return_exceptions=True)
        for one in found:
            if not isinstance(one, (Moved, ChatError)):
                raise one
        return found


async def fill(conv: str, people: Sequence[int], count: int, *, skip: int = 0) -> None:
    """Create a conversation in which the first *skip* entries are not counted."""
    await Conversation.create(
        conv=conv, chat_type="single", last_seq=count, last_number=count - skip
    )
    await Member.bulk_create([Member(conv=conv, user_id=user) for user in people])
    await Message.bulk_create(
        [
            Message(
                conv=conv,
                seq=seq,
                number=max(0, seq - skip),
                from_id=people[seq % len(people)],
                to_id=0,
                chat_type="single",
                type="text",
                data=str(seq),
            )
            for seq in range(1, count + 1)
        ]
    )


async def cursors(conv: str, user_id: int) -> tuple[int, int, int]:
    """Return the delivered and the read cursor, and the number of messages up to it."""
    member = await Member.get(conv=conv, user_id=user_id)
    return member.delivered_seq, member.read_seq, member.read_number


@pytest.fixture
async def chat(tmp_path: Path, database_url: str) -> AsyncIterator[Chat]:
    """Yield a chat on each kind of database."""
    async with open_orm(tmp_path, database_url) as host:
        await fill("s:1:2", (1, 2), 10)
        await fill("s:1:3", (1, 3), 10, skip=4)
        yield Chat(host)


async def test_cursors_move_together(chat: Chat) -> None:
    """A batch moves each member's own cursors, with the number of read messages, and no others."""
    await chat.move(Move(1, "s:1:2", 3, 0), Move(2, "s:1:2", 5, 5), Move(1, "s:1:3", 6, 6))

    assert await cursors("s:1:2", 1) == (3, 0, 0)
    assert await cursors("s:1:2", 2) == (5, 5, 5)
    assert await cursors("s:1:3", 1) == (6, 6, 2)
    assert await cursors("s:1:3", 3) == (0, 0, 0)


async def test_what_is_read_has_arrived(chat: Chat) -> None:
    """Reading moves both cursors, delivering only the one."""
    await chat.move(Move(1, "s:1:2", 0, 4))

    assert await cursors("s:1:2", 1) == (4, 4, 4)


async def test_cursors_never_go_back(chat: Chat) -> None:
    """An older place changes nothing and notifies nobody, but the request is answered."""
    await chat.move(Move(1, "s:1:2", 8, 8))
    [moved] = await chat.move(Move(1, "s:1:2", 5, 5))

    assert await cursors("s:1:2", 1) == (8, 8, 8)
    assert isinstance(moved, Moved)
    assert (moved.delivered, moved.read) == ((8, 8), (8, 8))
    assert len(chat.told) == 1


async def test_cursors_never_pass_the_end(chat: Chat) -> None:
    """A place in the future means the current end: later messages are not passed."""
    await chat.move(Move(1, "s:1:2", 99, 0), Move(1, "s:1:3", 2**63 - 1, 2**63 - 1))

    assert await cursors("s:1:2", 1) == (10, 0, 0)
    assert await cursors("s:1:3", 1) == (10, 10, 6)


async def test_who_is_no_member_is_told_alone(chat: Chat) -> None:
    """The others of the batch move."""
    stranger, nowhere, member = await chat.move(
        Move(3, "s:1:2", 5, 5), Move(1, "s:8:9", 5, 5), Move(1, "s:1:2", 5, 5)
    )
    [alone] = await chat.move(Move(4, "s:1:2", 1, 1))

    assert isinstance(stranger, NoConversation)
    assert isinstance(nowhere, NoConversation)
    assert isinstance(alone, NoConversation)
    assert isinstance(member, Moved)


async def test_moves_of_one_member_that_wait_together_are_one(chat: Chat) -> None:
    """The farthest counts, each request is answered, and the others are notified once."""
    first, *rest = await chat.move(
        *(Move(2, "s:1:2", seq, 0) for seq in (3, 9, 4)), Move(2, "s:1:2", 2, 2)
    )

    assert isinstance(first, Moved)
    assert rest == [first] * 3
    assert (first.delivered, first.read) == ((0, 9), (0, 2))
    assert chat.told == [first]


async def test_several_workers_move_the_same_cursors(chat: Chat) -> None:
    """There is no deadlock and no step back, in whichever order they name the members."""
    await Conversation.create(conv="g:1", chat_type="group", last_seq=500, last_number=500)
    people = range(1, 51)
    await Member.bulk_create([Member(conv="g:1", user_id=user) for user in people])
    workers = [chat.make_writer(batch=20) for _ in range(3)]

    async with asyncio.timeout(60):
        for seq in range(10, 501, 70):
            for number, worker in enumerate(workers):
                order = people if number % 2 else reversed(people)
                moves = [Move(user, "g:1", seq - number, 0) for user in order]
                await asyncio.sleep(0)
                worker.put_all(moves)
        await asyncio.gather(*(worker.close() for worker in workers))

    rows = await Member.filter(conv="g:1").values_list("delivered_seq")
    assert list(rows) == [(500,)] * 50


@MANY_WRITERS
async def test_a_cursor_that_another_holds_is_waited_for(chat: Chat) -> None:
    """A locked row of one member keeps no other member's cursor from moving."""
    held, moving = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with chat.host.orm.transaction() as connection:
            mine = Member.filter(conv="s:1:2", user_id=1).using_db(connection)
            await mine.update(quiet=1)
            held.set()
            await moving.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    futures = chat.writer.put_all([Move(1, "s:1:2", 5, 0), Move(2, "s:1:2", 6, 0)])
    try:
        async with asyncio.timeout(10):
            while await cursors("s:1:2", 2) != (6, 0, 0):  # committed while the other is held
                await asyncio.sleep(0)
    finally:
        moving.set()
    await asyncio.gather(holding, *futures)

    assert await cursors("s:1:2", 1) == (5, 0, 0)


@MANY_WRITERS
async def test_a_batch_costs_the_same_few_queries(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """However many cursors move, three queries move them (SQLite does it in one hop, unseen)."""
    await Conversation.create(conv="g:1", chat_type="group", last_seq=9, last_number=9)
    await Member.bulk_create([Member(conv="g:1", user_id=user) for user in range(200)])

    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        await chat.move(*(Move(user, "g:1", 9, 9) for user in range(200)))

    queries = [one for one in caplog.records if "member" in one.getMessage()]
    assert len(queries) == 3


async def test_more_than_there_is_room_for_is_refused_at_once(chat: Chat) -> None:
    """A request is taken as a whole, or refused."""
    chat.writer = chat.make_writer(queue=2)
    with pytest.raises(Busy):
        chat.writer.put_all(
            [Move(1, "s:1:2", 1, 0), Move(2, "s:1:2", 1, 0), Move(1, "s:1:3", 1, 0)]
        )
    await chat.move(Move(1, "s:1:2", 2, 0), Move(2, "s:1:2", 2, 0))

    assert await cursors("s:1:3", 1) == (0, 0, 0)
    assert await cursors("s:1:2", 2) == (2, 0, 0)


async def test_a_database_that_is_unavailable_is_temporary(chat: Chat) -> None:
    """Waiting requests are refused at once."""

    async def away(_: Sequence[Move]) -> list[Moved | None]:
        raise chat.host.orm.unavailable_errors[0]("away")

    chat.writer = chat.make_writer(store=away)

    assert [type(one) for one in await chat.move(Move(1, "s:1:2", 1, 0))] == [Unavailable]


# --- over the wire


async def make_group(owner: User, *others: User) -> tuple[str, int]:
    """Create a group of users who know its owner, and return its conversation and its ID."""
    acquaint(owner, *others)
    made = await owner.post("/chat/groups", name="a group", members=[one.id for one in others])
    return f"g:{made['id']}", made["id"]


async def test_read_over_http_and_the_socket_answer_after_the_commit(ada: User, bob: User) -> None:
    """The list has what was acknowledged."""
    sent = [await ada.post("/chat/send", to_id=bob.id, data=str(one)) for one in range(4)]
    conv = sent[0]["conv"]
    his = await bob.connect()

    assert await bob.post("/chat/delivered", conv=conv, seq=2) == {}
    [one] = await bob.get("/chat/conversations")
    assert (one["delivered_seq"], one["read_seq"], one["unread"]) == (2, 0, 4)
    assert (await his.request("read", conv=conv, seq=3))["msg"] == "ok"
    [one] = await bob.get("/chat/conversations")
    assert (one["delivered_seq"], one["read_seq"], one["unread"]) == (3, 3, 1)
    assert (await his.request("read", conv="s:1:999", seq=3))["code"] == 2002


async def test_with_ack_the_client_moves_the_cursor(ada: User, bob: User) -> None:
    """Messages are returned again until `delivered` acknowledges them."""
    sent = [await ada.post("/chat/send", to_id=bob.id, data=str(one)) for one in range(3)]
    await bob.post("/chat/send", to_id=ada.id, data="mine")

    first = await bob.post("/chat/getmessage", ack=True, limit=2)
    again = await bob.post("/chat/getmessage", ack=True)
    await bob.post("/chat/delivered", conv=sent[0]["conv"], seq=first[-1]["seq"])
    rest = await bob.post("/chat/getmessage", ack=True)

    assert [one["data"] for one in first] == ["0", "1"]
    assert [one["data"] for one in again] == ["0", "1", "2"]
    assert [one["data"] for one in rest] == ["2"]


async def test_getmessage_finds_what_lies_behind_ones_own(ada: User, bob: User) -> None:
    """Many own messages in between neither count nor end the search."""
    for number in range(7):
        await bob.post("/chat/send", to_id=ada.id, data=f"mine {number}")
    await ada.post("/chat/send", to_id=bob.id, data="yours")

    assert [one["data"] for one in await bob.post("/chat/getmessage", limit=1)] == ["yours"]
    assert await bob.post("/chat/getmessage") == []


async def test_in_a_group_authors_see_who_read_them(server: Server, ada: User, bob: User) -> None:
    """A receipt goes to the authors of the read messages and to the reader's other devices only."""
    carol, dave = add_user(server, "carol"), add_user(server, "dave")
    conv, group_id = await make_group(ada, bob, carol, dave)
    hers, his, theirs = await ada.connect(), await bob.connect(), await dave.connect()
    others = await carol.connect()
    await bob.post("/chat/send", to_id=group_id, chat_type="group", data="of bob")
    sent = await ada.post("/chat/send", to_id=group_id, chat_type="group", data="of ada")

    await carol.post("/chat/read", conv=conv, seq=sent["seq"])
    expected = {"conv": conv, "user_id": carol.id, "read_seq": sent["seq"]}
    for socket in (hers, his, others):
        # A heartbeat just now may have told first what arrived.
        while (receipt := (await socket.wait_for(type="receipt"))["data"]) != expected:
            assert "read_seq" not in receipt
    # Whatever went to Dave before this is there before it.
    await bob.post("/chat/send", to_id=group_id, chat_type="group", data="the end")
    while (await theirs.wait_for(type="message"))["data"]["data"] != "the end":
        pass

    assert not [one for one in theirs.passed if one.get("type") == "receipt"]


async def test_the_readers_of_a_message(server: Server, ada: User, bob: User) -> None:
    """The number of readers among the members at that time, and the readers page by page."""
    people = [bob, *(add_user(server, f"reader{number}") for number in range(4))]
    conv, group_id = await make_group(ada, *people)
    sent = await ada.post("/chat/send", to_id=group_id, chat_type="group", data="read this")
    for reader in people[:3]:
        await reader.post("/chat/read", conv=conv, seq=sent["seq"])
    socket = await people[4].connect()

    found = (await socket.request("readers", id=sent["id"]))["data"]
    first = await ada.post("/chat/readers", id=sent["id"], limit=2)
    rest = await ada.post("/chat/readers", id=sent["id"], limit=2, after=first["readers"][-1]["id"])

    assert (found["count"], found["total"], found["more"]) == (3, 5, False)
    assert [one["id"] for one in found["readers"]] == [one.id for one in people[:3]]
    assert [one["id"] for one in first["readers"]] == [one.id for one in people[:2]]
    assert (first["more"], rest["more"]) == (True, False)
    assert [one["id"] for one in rest["readers"]] == [people[2].id]


async def test_readers_are_told_to_those_who_see_the_message(
    server: Server, ada: User, bob: User
) -> None:
    """For anybody else the message does not exist."""
    sent = await ada.post("/chat/send", to_id=bob.id, data="between us")
    socket = await add_user(server, "carol").connect()

    for message in (sent["id"], "rubbish", "01a20787-0000-7000-8000-000000000000"):
        assert (await socket.request("readers", id=message))["code"] == 2006
    await bob.post("/chat/read", conv=sent["conv"], seq=1)
    found = await ada.post("/chat/readers", id=sent["id"])
    assert (found["count"], found["total"]) == (1, 1)
