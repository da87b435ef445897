"""Group commit on every database: what is stored, in which order, and the answers."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from models import Conversation, Member, Message, User
from plugins.orm import Database
from services.errors import Busy, NoRecipient, NotStorable, Unavailable, UserDisabled
from services.message.batch import Stored
from services.message.draft import Draft
from services.message.sql.store import store_for
from services.message.writer import message_writer
from services.push.recipients import Recipients
from tests.databases import Host, database_url, open_orm
from yolk.concurrency import Batcher

__all__ = ["database_url"]


class Chat:
    """A writer on a database with three users: 1 and 2, and 3, who is disabled."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.announced: list[Stored] = []
        self.writer = self.make_writer()

    def make_writer(self, batch: int = 256, queue: int = 1000) -> Batcher[Draft, Stored]:
        """Return one more writer, as another worker has it."""
        return message_writer(
            store_for(self.host.orm, "freely"),
            self.host.orm.unavailable_errors,
            Recipients(),
            self.announced.extend,
            max_batch=batch,
            max_waiting=queue,
            logger=logging.getLogger("tests"),
        )

    async def send(self, *drafts: Draft) -> list[Stored | BaseException]:
        """Queue drafts at once, and return the outcome of each."""
        return await asyncio.gather(
            *(self.writer.put(draft) for draft in drafts), return_exceptions=True
        )


@pytest.fixture
async def chat(tmp_path: Path, database_url: str) -> AsyncIterator[Chat]:
    """Yield a chat on each kind of database."""
    async with open_orm(tmp_path, database_url) as host:
        for number, status in ((1, 1), (2, 1), (3, 0)):
            await User.create(id=number, username=f"user{number}", password="", status=status)
        yield Chat(host)


def draft(text: str, cid: str | None = None, from_id: int = 1, to_id: int = 2) -> Draft:
    """Return a message."""
    return Draft(from_id=from_id, to_id=to_id, cid=cid, type="text", data=text)


def seqs(outcomes: Sequence[object]) -> list[int]:
    """Return the seq of each stored message."""
    return [outcome.message.seq for outcome in outcomes if isinstance(outcome, Stored)]


async def test_seqs_follow_the_order_of_putting(chat: Chat) -> None:
    """A conversation has no gap, neither within a batch nor between batches."""
    outcomes = await chat.send(*(draft(str(number), str(number)) for number in range(700)))

    assert seqs(outcomes) == list(range(1, 701))
    conversation = await Conversation.get(conv="s:1:2")
    assert (conversation.last_seq, conversation.last_number) == (700, 700)
    rows = await Message.filter(conv="s:1:2").order_by("seq").values_list("seq", "data")
    assert rows == [(number + 1, str(number)) for number in range(700)]


async def test_a_new_conversation_has_its_members(chat: Chat) -> None:
    """Both users are members from the first message on; its sender has read it."""
    await chat.send(draft("hello"))

    members = await Member.filter(conv="s:1:2").order_by("user_id")
    assert [(one.user_id, one.read_seq, one.delivered_seq) for one in members] == [
        (1, 1, 0),
        (2, 0, 0),
    ]


async def test_repetitions_are_one_message(chat: Chat) -> None:
    """In one batch and in a later one. Case matters: "A" is another cid than "a"."""
    first, same, other = await chat.send(draft("x", "a"), draft("x", "a"), draft("x", "A"))
    [again] = await chat.send(draft("changed", "a"))

    assert isinstance(first, Stored)
    assert isinstance(same, Stored)
    assert isinstance(again, Stored)
    assert same.message == again.message == first.message
    assert (first.dup, same.dup, again.dup) == (False, True, True)
    assert seqs([other]) == [2]
    assert [one.message.seq for one in chat.announced] == [1, 2]


async def test_without_a_cid_nothing_is_a_repetition(chat: Chat) -> None:
    """Messages without a cid are never deduplicated."""
    assert seqs(await chat.send(draft("x"), draft("x"), draft("x"))) == [1, 2, 3]


async def test_the_same_cid_of_two_people_is_two_messages(chat: Chat) -> None:
    """A cid belongs to its sender."""
    outcomes = await chat.send(draft("x", "a"), draft("x", "a", from_id=2, to_id=1))

    assert seqs(outcomes) == [1, 2]


async def test_a_refusal_concerns_one_message(chat: Chat) -> None:
    """Unknown and disabled users, on either side, fail alone."""
    outcomes = await chat.send(
        draft("fine"),
        draft("nobody", to_id=99),
        draft("disabled", to_id=3),
        draft("from disabled", from_id=3, to_id=1),
        draft("fine"),
    )

    assert [type(outcome) for outcome in outcomes] == [
        Stored,
        NoRecipient,
        NoRecipient,
        UserDisabled,
        Stored,
    ]
    assert seqs(outcomes) == [1, 2]


async def test_a_bad_message_fails_alone(chat: Chat) -> None:
    """A message that the table refuses fails no other one, and takes no seq."""
    bad = draft(cast(str, None), "a")  # the column is NOT NULL

    outcomes = await chat.send(draft("before"), bad, draft("after"))

    assert [type(outcome) for outcome in outcomes] == [Stored, NotStorable, Stored]
    assert seqs(outcomes) == [1, 2]


async def test_two_writers_leave_no_gap(chat: Chat) -> None:
    """Workers that write into the same conversations at once assign each seq once."""
    other = chat.make_writer(batch=7)
    pairs = ((1, 2), (2, 1), (1, 1), (2, 2))
    drafts = [
        draft("x", f"{who}-{number}-{pair}", *pair)
        for number in range(60)
        for pair in pairs
        for who in ("here", "there")
    ]

    outcomes = await asyncio.gather(
        *((chat.writer if (one.cid or "").startswith("here") else other).put(one) for one in drafts)
    )

    for conv, count in (("s:1:2", 240), ("s:1:1", 120), ("s:2:2", 120)):
        got = [one.message.seq for one in outcomes if one.message.conv == conv]
        assert sorted(got) == list(range(1, count + 1))


async def test_writers_that_begin_the_same_conversations(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """Workers that begin many conversations at once, in any order, refuse no message."""
    people = range(4, 16)
    for number in people:
        await User.create(id=number, username=f"user{number}", password="", status=1)
    writers = [chat.writer, *(chat.make_writer(batch) for batch in (5, 20, 256))]
    pairs = [(sender, to) for sender in people for to in people]
    chance = random.Random(5)

    waiting = []
    for _ in range(6):
        for pair in chance.sample(pairs, len(pairs)):
            waiting.append(chance.choice(writers).put(draft("x", None, *pair)))
            if len(waiting) % 40 == 0:
                await asyncio.sleep(0.001)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    assert not caplog.records
    for conv in {outcome.message.conv for outcome in outcomes if isinstance(outcome, Stored)}:
        stored = [message.seq for message in await Message.filter(conv=conv).order_by("seq")]
        assert stored == list(range(1, len(stored) + 1))


async def test_two_writers_and_one_cid_are_one_message(chat: Chat) -> None:
    """The same message on two workers at the same moment is stored and announced once."""
    other = chat.make_writer()

    outcomes = await asyncio.gather(
        *(
            writer.put(draft("x", str(number)))
            for number in range(40)
            for writer in (chat.writer, other)
        )
    )

    assert len({one.message.id for one in outcomes}) == 40
    assert len(chat.announced) == 40


async def test_a_full_queue_refuses(chat: Chat) -> None:
    """The queue has a limit; the next message fails as temporary."""
    writer = chat.make_writer(batch=5, queue=10)
    futures = [writer.put(draft("x")) for _ in range(10)]

    with pytest.raises(Busy):
        writer.put(draft("one too many"))

    assert len(seqs(await asyncio.gather(*futures))) == 10
    await writer.put(draft("afterwards"))


class LosesCommits:
    """A database that becomes unavailable just before a commit."""

    unavailable_errors = (OperationalError,)
    conflict_errors = ()

    def __init__(self, orm: Database) -> None:
        self.dialect: str = orm.dialect
        self.away = True
        self._orm = orm

    @property
    def connection(self) -> BaseDBAsyncClient:
        """The connection for SQL."""
        return self._orm.connection

    def _commit(self) -> None:
        if self.away:
            raise OperationalError("away, just before the commit")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BaseDBAsyncClient]:
        """Open a transaction that writes."""
        async with self._orm.transaction() as connection:
            yield connection
            self._commit()

    async def write(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run a plain function in a transaction."""

        def all_but_commit(connection: sqlite3.Connection) -> None:
            work(connection)
            self._commit()

        return await self._orm.write(all_but_commit)


async def test_nothing_is_answered_or_announced_without_a_commit(chat: Chat) -> None:
    """While the database is unavailable, senders get an error at once, and nothing is announced."""
    database = LosesCommits(chat.host.orm)
    writer = message_writer(
        store_for(database, "freely"),
        database.unavailable_errors,
        Recipients(),
        chat.announced.extend,
        max_batch=256,
        max_waiting=100,
        logger=logging.getLogger("tests"),
    )
    outcomes = await asyncio.gather(
        *(writer.put(draft("x", str(number))) for number in range(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert chat.announced == []

    database.away = False
    outcomes = await asyncio.gather(*(writer.put(draft("x", str(n))) for n in range(3)))
    assert seqs(outcomes) == [1, 2, 3]
    assert [one.message.seq for one in chat.announced] == [1, 2, 3]


async def test_closing_waits_for_what_was_queued(chat: Chat) -> None:
    """A stop loses nothing that was queued before."""
    futures = [chat.writer.put(draft("x")) for _ in range(300)]

    await chat.writer.close()

    assert all(future.done() for future in futures)
