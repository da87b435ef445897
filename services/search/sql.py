"""The table of the search index: adding to it, changing it and searching it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from models import Conversation, SearchEntry
from services.conversation.sql.ranges import Range, range_query
from services.database import Database
from services.search.terms import MAX_INDEXED_CHARACTERS, entry_id, entry_terms
from services.search.texts import SEARCHED_TYPES, searched_text
from services.sql import bind_placeholders

BATCH_EVENTS = 50
"""Events that one transaction reads, by default."""
BATCH_CHARACTERS = 10_000
"""Characters that one transaction indexes before it stops."""


class Head(NamedTuple):
    """The part of an event that is indexed."""

    conv: str
    seq: int
    create_time: int
    type: str
    data: str
    options: str | None

    @property
    def text(self) -> str:
        """The text by which it is found."""
        return searched_text(self.type, self.data, self.options)[:MAX_INDEXED_CHARACTERS]


class Candidate(NamedTuple):
    """A message that contains all terms, in any order."""

    id: int
    conv: str
    seq: int


# --- Adding what is not indexed yet.

_HEAD = (
    f"m.conv, m.seq, m.create_time, m.type, substr(m.data, 1, {MAX_INDEXED_CHARACTERS}) AS data,"
    " CASE WHEN m.type = 'text' THEN NULL ELSE m.options END AS options"
)
_SEARCHED = f"m.type IN {SEARCHED_TYPES} AND m.isremove = 0"
_SQLITE_BEHIND = """
SELECT c.conv, c.indexed_seq, c.last_seq FROM json_each(?) k
CROSS JOIN conversation c ON c.conv = k.value WHERE c.indexed_seq < c.last_seq"""
_SQLITE_TAKEN = "SELECT id FROM search_entry WHERE id IN (SELECT value FROM json_each(?))"
_SQLITE_ADD = """
INSERT INTO search_entry (id, conv, seq, terms)
SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)"""
_SQLITE_MOVE = """
UPDATE conversation SET indexed_seq = k.value->>1 FROM json_each(?) k WHERE conv = k.value->>0"""


async def index(
    database: Database, convs: Collection[str], max_events: int = BATCH_EVENTS
) -> list[str]:
    """
    Index new messages of some conversations, as many as fit into a short transaction.

    The conversations are locked, so two workers never index the same message, and an edit or a
    recall happens before or after.

    Args:
        database: the database of the worker.
        convs: the conversations, the most urgent first.
        max_events: the largest number of events to read.

    Returns:
        the conversations with more to index, those that were not reached first.
    """
    if database.dialect == "sqlite":
        more: list[str] = await database.write(
            lambda connection: _index_in_sqlite(connection, convs, max_events)
        )
        return more
    async with database.transaction() as connection:
        behind = Conversation.filter(conv__in=convs, indexed_seq__lt=F("last_seq"))
        # In the order in which sending locks them.
        rows = await behind.order_by("conv").using_db(connection).select_for_update()
        order = {conv: place for place, conv in enumerate(convs)}
        rows.sort(key=lambda row: order[row.conv])
        ranges = _ranges(((row.conv, row.indexed_seq, row.last_seq) for row in rows), max_events)
        if not ranges:
            return []
        query, values = range_query(database.dialect, _HEAD, ranges, _SEARCHED)
        found = await connection.execute_query_dict(query, values)
        new, ends = _plan(ranges, [Head(**row) for row in found])
        await _assign_free_ids(connection, new)
        await SearchEntry.bulk_create(new, using_db=connection)
        moved = [row for row in rows if row.conv in ends]
        for row in moved:
            row.indexed_seq = ends[row.conv]
        await Conversation.bulk_update(moved, ["indexed_seq"], using_db=connection)
    return _more(((row.conv, row.indexed_seq, row.last_seq) for row in rows), ends)


def _index_in_sqlite(
    connection: sqlite3.Connection, convs: Iterable[str], max_events: int
) -> list[str]:
    execute = connection.execute
    behind = [tuple(row) for row in execute(_SQLITE_BEHIND, (_json(convs),))]
    ranges = _ranges(behind, max_events)
    heads = execute(*range_query("sqlite", _HEAD, ranges, _SEARCHED)) if ranges else ()
    entries, ends = _plan(ranges, [Head(*row) for row in heads])
    new, taken = entries, set[int]()
    while new:
        taken |= {row[0] for row in execute(_SQLITE_TAKEN, (_json(_ids(new)),))}
        new = _assign_next_ids(new, taken)
    if entries:
        rows = [(entry.id, entry.conv, entry.seq, entry.terms) for entry in entries]
        execute(_SQLITE_ADD, (_json(rows),))
    if ends:
        execute(_SQLITE_MOVE, (_json(ends.items()),))
    return _more(behind, ends)


def _ranges(behind: Iterable[tuple[str, int, int]], room: int) -> list[Range]:
    """Return the range of each conversation, so that all fit into one transaction."""
    ranges = []
    for conv, indexed_seq, last_seq in behind:
        upto = min(last_seq, indexed_seq + room)
        if upto > indexed_seq:
            ranges.append((conv, indexed_seq, upto))
            room -= upto - indexed_seq
    return ranges


def _plan(ranges: list[Range], heads: Iterable[Head]) -> tuple[list[SearchEntry], dict[str, int]]:
    """Return the entries to store, and up to where each conversation is indexed then."""
    entries: list[SearchEntry] = []
    ends = {conv: upto for conv, _, upto in ranges}
    order = {conv: place for place, conv in enumerate(ends)}
    room = BATCH_CHARACTERS
    for head in sorted(heads, key=lambda head: (order[head.conv], head.seq)):
        if room <= 0:
            # This message and the following ones are indexed in the next transaction.
            kept = {conv: end for conv, end in ends.items() if order[conv] < order[head.conv]}
            return entries, {**kept, head.conv: head.seq - 1}
        text = head.text
        room -= len(text)
        if terms := entry_terms(head.conv, text):
            number = entry_id(head.create_time, head.conv, head.seq)
            entries.append(SearchEntry(id=number, conv=head.conv, seq=head.seq, terms=terms))
    return entries, ends


def _more(behind: Iterable[tuple[str, int, int]], ends: Mapping[str, int]) -> list[str]:
    """Return the conversations that are not indexed to their end, the untouched ones first."""
    more = [conv for conv, _, last_seq in behind if ends.get(conv, -1) < last_seq]
    return sorted(more, key=lambda conv: conv in ends)


async def _assign_free_ids(connection: BaseDBAsyncClient, entries: Sequence[SearchEntry]) -> None:
    """Change ids until no entry has one that is taken."""
    new, taken = list(entries), set[int]()
    while new:
        found = SearchEntry.filter(id__in=_ids(new)).using_db(connection)
        taken |= {int(row[0]) for row in await found.values_list("id")}
        new = _assign_next_ids(new, taken)


def _assign_next_ids(entries: Iterable[SearchEntry], taken: set[int]) -> list[SearchEntry]:
    """Increase the ids that are taken; return the entries with new ids."""
    moved = []
    for entry in entries:
        if entry.id in taken:
            entry.id += 1
            moved.append(entry)
        else:
            taken.add(entry.id)
    return moved


def _ids(entries: Iterable[SearchEntry]) -> list[int]:
    return [entry.id for entry in entries]


# --- Edits and recalls, in their transaction.


async def forget(connection: BaseDBAsyncClient, conv: str, seq: int) -> None:
    """Remove a message from the index."""
    await SearchEntry.filter(conv=conv, seq=seq).using_db(connection).delete()


async def change(
    connection: BaseDBAsyncClient,
    conversation: Conversation,
    seq: int,
    create_time: int,
    text: str,
) -> None:
    """
    Index a message's new text, if the message was indexed already.

    Args:
        connection: the transaction of the edit.
        conversation: the message's, locked.
        seq: the message's.
        create_time: the message's.
        text: the new text.
    """
    conv = conversation.conv
    await forget(connection, conv, seq)
    terms = entry_terms(conv, text)
    if terms and seq <= conversation.indexed_seq:
        number = entry_id(create_time, conv, seq)
        entry = SearchEntry(id=number, conv=conv, seq=seq, terms=terms)
        await _assign_free_ids(connection, [entry])
        await entry.save(using_db=connection)


# --- Searching. A query consists of our own terms: there is nothing to escape.

_SQLITE_FIND = """
SELECT e.id, e.conv, e.seq FROM search_terms t CROSS JOIN search_entry e ON e.id = t.rowid
WHERE t.search_terms MATCH ? AND t.rowid < ?{visible} ORDER BY t.rowid DESC LIMIT ?"""
# "id + 0" makes the planner use the index on terms, and not read the table from its end.
_POSTGRES_FIND = """
SELECT id, conv, seq FROM search_entry e
WHERE to_tsvector('simple', terms) @@ to_tsquery('simple', ?) AND id + 0 < ?{visible}
ORDER BY id + 0 DESC LIMIT ?"""
_MYSQL_FIND = """
SELECT id, conv, seq FROM search_entry e
WHERE MATCH (terms) AGAINST (? IN BOOLEAN MODE) AND id + 0 < ?{visible}
ORDER BY id + 0 DESC LIMIT ?"""
_VISIBLE = """ AND NOT EXISTS (
    SELECT 1 FROM member m WHERE m.conv = e.conv AND m.user_id = ? AND m.join_seq >= e.seq)"""


async def find(
    connection: BaseDBAsyncClient,
    dialect: str,
    places: Sequence[str],
    terms: Sequence[str],
    before: int,
    limit: int,
    joined_late: int | None = None,
) -> list[Candidate]:
    """
    Return messages with one of some places and all of some terms, the newest first.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        places: terms of conversations and of users, at least one.
        terms: terms of the text, at least one.
        before: only entries with a smaller id.
        limit: the largest number of messages.
        joined_late: the user who searches, if earlier messages of a conversation are hidden from
            them. These are not found at all: even their number would tell what they say.
    """
    if dialect == "mysql":
        query, wanted = _MYSQL_FIND, " ".join([f"+({' '.join(places)})", *(f"+{t}" for t in terms)])
    elif dialect == "postgres":
        query, wanted = _POSTGRES_FIND, " & ".join([f"({' | '.join(places)})", *terms])
    else:
        query, wanted = _SQLITE_FIND, " AND ".join([f"({' OR '.join(places)})", *terms])
    visible = "" if joined_late is None else _VISIBLE
    values = [wanted, before, *([] if joined_late is None else [joined_late]), limit]
    query = bind_placeholders(dialect, query.format(visible=visible))
    rows = await connection.execute_query_dict(query, values)
    return [Candidate(row["id"], row["conv"], row["seq"]) for row in rows]


def _json(values: Iterable[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()
