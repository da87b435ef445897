"""Permission to write, decided inside the transaction that stores the message."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import Block, Conversation, Group, Member, Message, Preference, User
from services.errors import (
    AllMuted,
    AwaitingReply,
    Blocked,
    Muted,
    NoGroup,
    StrangersRefused,
)
from services.message.batch import Stored
from services.message.draft import Draft
from services.message.sql.store import store_for
from services.message.writer import message_writer
from services.push.recipients import Recipients
from tests.databases import Host, database_url, open_orm
from yolk.concurrency import Batcher

__all__ = ["database_url"]

ADA, BOB, CYD = 1, 2, 3
CLUB = 7


class Chat:
    """Writers on a database with three users, two of them in a group."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.announced: list[Stored] = []
        self.recipients = Recipients()
        self.writer = self.make_writer()

    def make_writer(self) -> Batcher[Draft, Stored]:
        """Return one more writer, as another worker has it."""
        return message_writer(
            store_for(self.host.orm, "freely"),
            self.host.orm.unavailable_errors,
            self.recipients,
            self.announced.extend,
            max_batch=256,
            max_waiting=1000,
            logger=logging.getLogger("tests"),
        )

    async def send(self, *drafts: Draft) -> list[Stored | BaseException]:
        """Queue drafts at once, and return the outcome of each."""
        return await asyncio.gather(
            *(self.writer.put(draft) for draft in drafts), return_exceptions=True
        )

    async def kinds(self, *drafts: Draft) -> list[type]:
        """Queue drafts at once, and return the type of each outcome."""
        return [type(outcome) for outcome in await self.send(*drafts)]


@pytest.fixture
async def chat(tmp_path: Path, database_url: str) -> AsyncIterator[Chat]:
    """Yield a chat on each kind of database."""
    async with open_orm(tmp_path, database_url) as host:
        for number in (ADA, BOB, CYD):
            await User.create(id=number, username=f"user{number}", password="")
        await Group.create(id=CLUB, name="club", owner_id=ADA, member_count=2)
        await Conversation.create(conv=f"g:{CLUB}", chat_type="group")
        await Member.create(conv=f"g:{CLUB}", user_id=ADA, role=2)
        await Member.create(conv=f"g:{CLUB}", user_id=BOB)
        yield Chat(host)


def draft(from_id: int, to_id: int, cid: str | None = None) -> Draft:
    """Return a message to a user."""
    return Draft(from_id=from_id, to_id=to_id, cid=cid, type="text", data="hello")


def to_club(from_id: int, group_id: int = CLUB, cid: str | None = None) -> Draft:
    """Return a message to a group."""
    return Draft(
        from_id=from_id, to_id=group_id, cid=cid, type="text", data="hello", chat_type="group"
    )


async def test_a_group_message_is_for_its_members(chat: Chat) -> None:
    """A message has one seq for all, and is pushed to those who are members when it is stored."""
    first, second = await chat.send(to_club(ADA), to_club(BOB))

    assert isinstance(first, Stored)
    assert isinstance(second, Stored)
    assert (first.message.conv, first.message.seq, second.message.seq) == (f"g:{CLUB}", 1, 2)
    assert (first.message.chat_type, first.message.to_id) == ("group", CLUB)
    assert sorted(first.users) == [ADA, BOB]
    members = await Member.filter(conv=f"g:{CLUB}").order_by("user_id")
    assert [(one.read_seq, one.sent_seq, one.delivered_seq) for one in members] == [
        (1, 1, 0),
        (0, 2, 0),  # the message before one's own is still unread
    ]
    assert await Conversation.filter(conv=f"g:{CLUB}", chat_type="group", last_seq=2).exists()


async def test_a_new_member_gets_the_next_message(chat: Chat) -> None:
    """Members are cached under the group's version, so with a new version they are read again."""
    await chat.send(to_club(ADA))
    await Member.create(conv=f"g:{CLUB}", user_id=CYD)
    await Group.filter(id=CLUB).update(version=2)

    [stored] = await chat.send(to_club(CYD))

    assert isinstance(stored, Stored)
    assert sorted(stored.users) == [ADA, BOB, CYD]
    assert sorted(await chat.recipients.of(f"g:{CLUB}")) == [ADA, BOB, CYD]


async def test_former_members_get_nothing(chat: Chat) -> None:
    """Their messages are refused as if the group did not exist."""
    await chat.send(to_club(ADA), to_club(BOB))
    await Member.filter(conv=f"g:{CLUB}", user_id=BOB).delete()
    await Group.filter(id=CLUB).update(version=2)

    mine, theirs, nowhere = await chat.send(to_club(ADA), to_club(BOB), to_club(ADA, 99))

    assert isinstance(mine, Stored)
    assert mine.users == (ADA,)
    assert isinstance(theirs, NoGroup)
    assert isinstance(nowhere, NoGroup)


async def test_a_dissolved_group_takes_nothing(chat: Chat) -> None:
    """Not even from its owner, whose row may still be there."""
    await Group.filter(id=CLUB).update(dissolve_time=1)

    assert await chat.kinds(to_club(ADA)) == [NoGroup]
    assert await chat.recipients.of(f"g:{CLUB}") == ()


async def test_muted_members_may_not_write(chat: Chat) -> None:
    """One member for a time, or all except admins."""
    later = time.time_ns() // 1_000_000 + 60_000
    await Member.filter(conv=f"g:{CLUB}", user_id=BOB).update(muted_until=later)
    assert await chat.kinds(to_club(BOB), to_club(ADA)) == [Muted, Stored]

    await Member.filter(conv=f"g:{CLUB}", user_id=BOB).update(muted_until=1)
    assert await chat.kinds(to_club(BOB)) == [Stored]

    await Group.filter(id=CLUB).update(muted=1)
    assert await chat.kinds(to_club(BOB), to_club(ADA)) == [AllMuted, Stored]


async def test_a_blocked_sender_is_refused(chat: Chat) -> None:
    """Only in that direction: the user who blocked may still write."""
    await Block.create(user_id=BOB, blocked_id=ADA)

    assert await chat.kinds(draft(ADA, BOB), draft(BOB, ADA), draft(ADA, CYD)) == [
        Blocked,
        Stored,
        Stored,
    ]
    assert await Message.filter(from_id=ADA, to_id=BOB).count() == 0


async def test_a_repetition_is_answered_whatever_changed_since(chat: Chat) -> None:
    """A stored message gets its first answer again, even if the sender is blocked by now."""
    await chat.send(draft(ADA, BOB, "a"), to_club(BOB, cid="b"))
    await Block.create(user_id=BOB, blocked_id=ADA)
    await Member.filter(conv=f"g:{CLUB}", user_id=BOB).delete()

    again = await chat.send(draft(ADA, BOB, "a"), to_club(BOB, cid="b"))

    assert [one.dup for one in again if isinstance(one, Stored)] == [True, True]
    assert len(chat.announced) == 2


async def test_strangers_may_be_refused(chat: Chat) -> None:
    """A stranger is a user whom the recipient has never written to."""
    await Preference.create(user_id=BOB, strangers="nothing")

    assert await chat.kinds(draft(ADA, BOB)) == [StrangersRefused]
    assert await chat.kinds(draft(BOB, ADA), draft(ADA, BOB), draft(CYD, BOB)) == [
        Stored,
        Stored,
        StrangersRefused,
    ]
    assert await chat.kinds(draft(ADA, BOB), draft(BOB, BOB)) == [Stored, Stored]


async def test_one_message_until_it_is_answered(chat: Chat) -> None:
    """In one batch and from batch to batch; after a reply both write freely."""
    await Preference.create(user_id=BOB, strangers="one")

    assert await chat.kinds(draft(ADA, BOB), draft(ADA, BOB)) == [Stored, AwaitingReply]
    assert await chat.kinds(draft(ADA, BOB)) == [AwaitingReply]
    assert await chat.kinds(draft(BOB, ADA), draft(ADA, BOB)) == [Stored, Stored]
    assert await chat.kinds(draft(ADA, BOB)) == [Stored]


async def test_two_workers_give_a_stranger_one_message(chat: Chat) -> None:
    """Even if all begin the conversation at the same moment."""
    await Preference.create(user_id=BOB, strangers="one")
    writers = [chat.make_writer() for _ in range(4)]

    outcomes = await asyncio.gather(
        *(writer.put(draft(ADA, BOB)) for writer in writers), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["AwaitingReply"] * 3 + ["Stored"]


async def test_many_workers_write_everywhere_at_once(chat: Chat) -> None:
    """In new conversations, old ones and a group there is no gap, no deadlock and no refusal."""
    writers = [chat.make_writer() for _ in range(4)]
    drafts = [
        one
        for _ in range(25)
        for one in (draft(ADA, BOB), draft(BOB, CYD), draft(CYD, ADA), to_club(ADA), to_club(BOB))
    ]

    outcomes = await asyncio.gather(
        *(writer.put(one) for writer in writers for one in drafts), return_exceptions=True
    )

    assert {type(one) for one in outcomes} == {Stored}
    for conv in ("s:1:2", "s:2:3", "s:1:3", f"g:{CLUB}"):
        found = await Message.filter(conv=conv).order_by("seq").values_list("seq", "number")
        count = 200 if conv.startswith("g") else 100
        assert found == [(number, number) for number in range(1, count + 1)]
