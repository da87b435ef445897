"""The search's index: the same on every database, and how it keeps up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from models import Conversation, Message, SearchEntry
from services.conversation.events import lock_conversation
from services.search import indexer as indexing
from services.search.indexer import Indexer
from services.search.sql import BATCH_EVENTS, change, find, forget, index
from services.search.terms import (
    MAX_INDEXED_CHARACTERS,
    conversation_term,
    entry_terms,
    plain,
    text_terms,
    user_term,
)
from tests.databases import Host, database_url, open_orm

__all__ = ["database_url"]

TEXTS = {
    1: "今天下午我们去公园散步吧",
    2: 'The Quick brown fox; it\'s (a) +test* "of" -syntax & more: C++ | 100%',
    3: "party 😀🎉 tonight",
    4: "ＦＵＬＬ　ｗｉｄｔｈ, Straße, Ünïcode",
    5: "about the what when",
    6: "a",
}


async def fill(texts: dict[int, str], conv: str = "s:1:2") -> None:
    """Store a conversation, not yet indexed."""
    async with in_transaction() as connection:
        await Conversation.create(
            conv=conv, chat_type="single", last_seq=max(texts), using_db=connection
        )
        messages = [
            Message(
                conv=conv,
                seq=seq,
                number=seq,
                from_id=1,
                to_id=2,
                chat_type="single",
                type="text",
                data=text,
                create_time=1_800_000_000_000 + seq,
            )
            for seq, text in texts.items()
        ]
        await Message.bulk_create(messages, using_db=connection)


async def found(host: Host, text: str, *places: str) -> list[int]:
    """Return the seqs that the index has for a text, before the texts are compared."""
    terms = text_terms(plain(text))
    connection, dialect = host.orm.connection, host.orm.dialect
    wanted = places or (conversation_term("s:1:2"),)
    return [
        one.seq for one in await find(connection, dialect, wanted, terms, before=2**63 - 1, limit=9)
    ]


@pytest.mark.parametrize(
    ("text", "seqs"),
    [
        ("公园", [1]),
        ("下午我", [1]),
        ("园公", []),
        ("QUICK", [2]),
        ("ick bro", [2]),
        ("c++", [2]),
        ("+test*", [2]),
        ('"of" -', [2]),
        ("100%", [2]),
        ("😀", [3]),
        ("🎉 ton", [3]),
        ("full WIDTH", [4]),
        ("STRASSE", [4]),
        ("ünï", [4]),
        ("about", [5]),
        ("the", [5, 2]),
        ("nothing of it", []),
    ],
)
def test_a_text_is_found_by_its_terms(text: str, seqs: list[int]) -> None:
    """Every text has the terms of its parts, and few texts have terms of others."""
    terms = {seq: set(text_terms(plain(one))) for seq, one in TEXTS.items()}

    holding = [
        seq for seq in sorted(terms, reverse=True) if terms[seq] >= set(text_terms(plain(text)))
    ]

    assert holding == seqs


async def test_every_database_finds_the_same(tmp_path: Path, database_url: str) -> None:
    """Two Chinese characters, a piece of a word, an emoji, signs of a query language, stopwords."""
    async with open_orm(tmp_path, database_url) as host:
        await fill(TEXTS)
        await fill(TEXTS, "g:2")
        assert await index(host.orm, ["s:1:2", "g:2"]) == []

        assert await found(host, "公园") == [1]
        assert await found(host, "园公") == []
        assert await found(host, "ick BRO") == [2]
        assert await found(host, "+test*") == [2]
        assert await found(host, '"of" -') == [2]
        assert await found(host, "😀") == [3]
        assert await found(host, "full width") == [4]
        assert await found(host, "strasse") == [4]
        assert await found(host, "about the") == [5]
        assert await found(host, "the") == [5, 2]
        group, others = conversation_term("g:2"), conversation_term("s:1:22")
        assert await found(host, "the", user_term(2), group) == [5, 5, 2, 2]
        assert await found(host, "the", user_term(1)) == [5, 2]
        assert await found(host, "the", user_term(12), others) == []


async def test_an_index_moves_in_short_steps(tmp_path: Path, database_url: str) -> None:
    """One transaction takes a bounded number of entries; the conversation knows how far it is."""
    async with open_orm(tmp_path, database_url) as host:
        await fill({seq: f"message {seq}" for seq in range(1, BATCH_EVENTS + 11)})
        await fill({1: "one", 2: "two", 3: "three"}, "g:1")

        assert await index(host.orm, ["g:1", "s:1:2"]) == ["s:1:2"]
        assert (await Conversation.get(conv="g:1")).indexed_seq == 3
        assert await index(host.orm, ["s:1:2", "g:1"]) == []
        assert await index(host.orm, ["s:1:2", "g:1"]) == []

        assert (await Conversation.get(conv="s:1:2")).indexed_seq == BATCH_EVENTS + 10
        assert await SearchEntry.all().count() == BATCH_EVENTS + 13


async def test_no_conversation_waits_for_a_busy_one(tmp_path: Path, database_url: str) -> None:
    """Conversations that a step did not reach are first in the next one."""
    async with open_orm(tmp_path, database_url) as host:
        for conv in ("g:1", "g:2", "g:3"):
            await fill({seq: f"message {seq}" for seq in range(1, 31)}, conv)

        assert await index(host.orm, ["g:2", "g:1", "g:3"], 20) == ["g:1", "g:3", "g:2"]
        assert await index(host.orm, ["g:1", "g:3", "g:2"], 40) == ["g:2", "g:3"]


async def test_much_text_is_indexed_in_several_steps(tmp_path: Path, database_url: str) -> None:
    """A transaction ends before the time that long texts take; nothing is left out."""
    async with open_orm(tmp_path, database_url) as host:
        await fill({seq: f"{seq} " * MAX_INDEXED_CHARACTERS for seq in range(1, 7)}, "g:1")
        await fill({seq: f"{seq} " * MAX_INDEXED_CHARACTERS for seq in range(1, 7)}, "g:2")
        steps = [["g:1", "g:2"]]

        while steps[-1]:
            steps.append(await index(host.orm, steps[-1]))

        assert len(steps) > 2
        assert await SearchEntry.all().count() == 12
        assert await SearchEntry.filter(conv="g:2").count() == 6


async def test_messages_of_one_moment_have_entries_of_their_own(
    tmp_path: Path, database_url: str
) -> None:
    """Where two would have the same id, one takes the next."""
    async with open_orm(tmp_path, database_url) as host:
        await fill({1: "one"})
        await index(host.orm, ["s:1:2"])
        taken = (await SearchEntry.get(conv="s:1:2")).id
        await SearchEntry.filter(id=taken).delete()
        await SearchEntry.create(id=taken, conv="s:8:9", seq=1, terms="x")
        await SearchEntry.create(id=taken + 1, conv="s:8:9", seq=2, terms="x")
        await Conversation.filter(conv="s:1:2").update(indexed_seq=0)

        await index(host.orm, ["s:1:2"])

        assert (await SearchEntry.get(conv="s:1:2")).id == taken + 2


async def test_workers_never_index_twice(tmp_path: Path, database_url: str) -> None:
    """Several at once share the work, and each message has one entry."""
    async with open_orm(tmp_path, database_url) as host:
        for number in range(5):
            await fill({seq: f"message {seq}" for seq in range(1, 61)}, f"g:{number}")
        convs = [f"g:{number}" for number in range(5)]

        async def work() -> None:
            while await index(host.orm, convs):
                pass

        await asyncio.gather(work(), work(), work())

        assert await SearchEntry.all().count() == 300


async def test_a_changed_text_is_found_by_its_new_words(tmp_path: Path, database_url: str) -> None:
    """An edit changes the entry that is there, and a recall removes it; both are seen at once."""
    async with open_orm(tmp_path, database_url) as host:
        await fill({1: "before", 2: "before", 3: "a", 4: "before"})
        await index(host.orm, ["s:1:2"])

        async with in_transaction() as connection:
            conversation = await lock_conversation(connection, "s:1:2")
            assert conversation is not None
            await change(connection, conversation, 1, 1_800_000_000_001, "after")
            await change(connection, conversation, 3, 1_800_000_000_003, "after")
            await change(connection, conversation, 4, 1_800_000_000_004, "b")
            await change(connection, conversation, 5, 1_800_000_000_005, "after")
            await forget(connection, "s:1:2", 2)

        assert await found(host, "before") == []
        assert await found(host, "after") == [3, 1]  # 5 is still to come
        if host.orm.dialect == "sqlite":
            # Raises where the index is not what the table says.
            await host.orm.connection.execute_query(
                "INSERT INTO search_terms (search_terms, rank) VALUES ('integrity-check', 1)"
            )


async def test_the_index_itself_is_asked(tmp_path: Path, database_url: str) -> None:
    """A search looks terms up; it never reads the table."""
    async with open_orm(tmp_path, database_url) as host:
        for number in range(30):
            await fill({seq: f"message {seq} {number}" for seq in range(1, 91)}, f"g:{number}")
            await index(host.orm, [f"g:{number}"])
        connection = host.orm.connection
        plans = {
            "sqlite": "EXPLAIN QUERY PLAN SELECT rowid FROM search_terms"
            " WHERE search_terms MATCH 'zaaaaa' AND rowid < 5 ORDER BY rowid DESC LIMIT 3",
            "postgres": "EXPLAIN SELECT id FROM search_entry WHERE to_tsvector('simple', terms)"
            " @@ to_tsquery('simple', 'zaaaaa') AND id + 0 < 5 ORDER BY id + 0 DESC LIMIT 3",
            "mysql": "EXPLAIN SELECT id FROM search_entry WHERE MATCH (terms) AGAINST ('zaaaaa'"
            " IN BOOLEAN MODE) AND id + 0 < 5 ORDER BY id + 0 DESC LIMIT 3",
        }
        if host.orm.dialect == "postgres":
            await connection.execute_script("ANALYZE search_entry")
        plan = str(await connection.execute_query_dict(plans[host.orm.dialect]))

    assert "TEMP B-TREE" not in plan
    assert {"sqlite": "VIRTUAL TABLE INDEX", "postgres": "search_terms", "mysql": "fulltext"}[
        host.orm.dialect
    ] in plan


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until an awaitable condition is true."""
    give_up = time.monotonic() + 30
    while not await condition():
        assert time.monotonic() < give_up, "it was not indexed"
        await asyncio.sleep(0.01)


async def test_an_indexer_finds_what_is_left_from_before(tmp_path: Path, database_url: str) -> None:
    """The next start indexes what a killed worker had not indexed yet."""
    async with open_orm(tmp_path, database_url) as host:
        for number in range(3):
            await fill({seq: f"message {seq}" for seq in range(1, 61)}, f"g:{number}")
        worker = Indexer(host.orm, logging.getLogger("tests"))

        worker.start()
        await until(lambda: _has(180))
        await worker.close()

        assert await Conversation.filter(indexed_seq=60).count() == 3


async def test_an_indexer_indexes_what_it_is_told_of(tmp_path: Path, database_url: str) -> None:
    """New entries of a conversation are indexed soon after they were noted."""
    async with open_orm(tmp_path, database_url) as host:
        worker = Indexer(host.orm, logging.getLogger("tests"))
        worker.start()
        await fill({1: "one", 2: "two"})

        worker.add(["s:1:2"])
        await until(lambda: _has(2))
        await worker.close()


async def test_what_an_indexer_remembers_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the bound it looks the conversations up in the table instead, page by page."""
    monkeypatch.setattr(indexing, "MAX_PENDING", 3)
    monkeypatch.setattr(indexing, "SCAN_PAGE", 2)
    async with open_orm(tmp_path) as host:
        worker = Indexer(host.orm, logging.getLogger("tests"))
        worker.start()
        for number in range(7):
            await fill({1: "one"}, f"g:{number}")

        worker.add([f"g:{number}" for number in range(7)])
        assert len(worker._pending) <= 3
        await until(lambda: _has(7))
        await worker.close()


async def _has(count: int) -> bool:
    return await SearchEntry.all().count() >= count


def test_terms_are_ascii_words_of_six_letters() -> None:
    """This holds for any text: no tokenizer splits a term, and none is too short or too long."""
    terms = entry_terms("s:12:345", "a\u0000b \ud83d ＡＢ 公园 😀 --'\"\\ the").split()

    assert terms[:3] == ["yskbckdef", "xxbc", "xxdef"]
    assert all(one.isascii() and one.isalpha() and one.islower() for one in terms)
    assert {len(one) for one in terms[3:]} == {6}
