"""What sending does to the sender's own cursors, and to those who read, on every database."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import Conversation, Member, Message, User
from services.conversation.sql.cursors import Move, cursor_store_for
from services.errors import CidReused
from services.message.batch import Stored
from services.message.draft import Draft
from services.message.sql.store import store_for
from services.message.writer import message_writer
from services.push.recipients import Recipients
from tests.databases import Host, open_orm

CONV = "s:1:2"


class Chat:
    """Two users, who write to each other, and one more."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.cursors = cursor_store_for(host.orm)
        self.writer = message_writer(
            store_for(host.orm, "freely"),
            host.orm.unavailable_errors,
            Recipients(),
            lambda _: None,
            max_batch=256,
            max_waiting=1000,
            logger=logging.getLogger("tests"),
        )

    async def send(self, *senders: int) -> list[Stored]:
        """Store messages of these users in one batch."""
        drafts = [
            Draft(from_id=one, to_id=3 - one, cid=None, type="text", data="x") for one in senders
        ]
        return [await future for future in [self.writer.put(draft) for draft in drafts]]

    async def read(self, user_id: int, seq: int) -> None:
        """Move a read cursor."""
        await self.cursors([Move(user_id, CONV, 0, seq)])

    async def state(self, user_id: int) -> tuple[int, int]:
        """Return a user's read cursor and number of unread messages."""
        member = await Member.get(conv=CONV, user_id=user_id)
        conversation = await Conversation.get(conv=CONV)
        return member.read_seq, conversation.last_number - member.read_number


@pytest.fixture
async def chat(tmp_path: Path, database_url: str) -> AsyncIterator[Chat]:
    """Yield a chat without messages."""
    async with open_orm(tmp_path, database_url) as host:
        for name in ("ada", "bob", "carol"):
            await User.create(username=name, password="")
        chat = Chat(host)
        yield chat
        await chat.writer.close()


async def test_writing_does_not_mark_what_others_wrote_as_read(chat: Chat) -> None:
    """Four unread messages stay unread, and one's own does not count as one."""
    await chat.send(1)
    await chat.send(2, 2, 2, 2)

    await chat.send(1)

    assert await chat.state(1) == (1, 4)
    assert await chat.state(2) == (0, 2)
    await chat.read(1, 4)
    assert await chat.state(1) == (4, 1)
    await chat.read(1, 5)
    assert await chat.state(1) == (5, 0)
    await chat.send(1)
    assert await chat.state(1) == (7, 0)


async def test_whoever_has_read_everything_stays_up_to_date(chat: Chat) -> None:
    """Their cursor moves with their own messages."""
    await chat.send(1, 1)
    await chat.read(2, 2)
    await chat.send(2)

    assert await chat.state(1) == (2, 1)
    assert await chat.state(2) == (3, 0)


async def test_in_a_batch_only_what_stands_before_others_counts(chat: Chat) -> None:
    """A message behind another user's in the same batch moves no cursor over that one."""
    await chat.send(1, 1, 2, 1, 2)

    assert await chat.state(1) == (2, 2)
    assert await chat.state(2) == (0, 3)


async def test_unread_messages_are_those_of_others_after_the_cursor(chat: Chat) -> None:
    """Whatever is sent and read, in whatever order."""
    choose = random.Random(7)
    for _ in range(40):
        if choose.random() < 0.6:
            await chat.send(*choose.choices([1, 2], k=choose.randint(1, 4)))
        else:
            await chat.read(choose.choice([1, 2]), choose.randint(1, 60))
        for user_id in (1, 2):
            if not await Member.exists(conv=CONV, user_id=user_id):
                continue
            read_seq, unread = await chat.state(user_id)
            others = Message.filter(conv=CONV, seq__gt=read_seq).exclude(from_id=user_id)
            assert unread == await others.count()


async def test_a_cid_of_another_conversation_is_refused(chat: Chat) -> None:
    """It is no repetition: nothing would be sent. In one batch, and later."""
    first, other, again = [
        Draft(from_id=1, to_id=to, cid="1", type="text", data="x") for to in (2, 3, 2)
    ]

    futures = [chat.writer.put(draft) for draft in (first, other, again)]
    stored = await futures[0]
    with pytest.raises(CidReused):
        await futures[1]
    assert (await futures[2]).message == stored.message
    with pytest.raises(CidReused):
        await chat.writer.put(other)
    assert await Message.all().count() == 1
