"""A batch of messages in one transaction, in each database's own SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q

from models import Conversation, Member, Message, User
from services.batch import Batch, Key, Row
from services.wire import WireMessage

Store = Callable[[Batch], Awaitable[None]]
"""Stores a batch and commits it, or raises and leaves nothing."""

COLUMNS = (
    "id, conv, seq, number, from_id, to_id, cid, chat_type, type, data, options, target, "
    "isremove, create_time"
)


class Database(Protocol):
    """What storing needs of the plugin `orm`."""

    @property
    def dialect(self) -> str:
        """Its kind: "sqlite", "postgres" or "mysql"."""

    @property
    def unavailable_errors(self) -> tuple[type[BaseException], ...]:
        """What is raised while it is away."""

    def transaction(self) -> AbstractAsyncContextManager[BaseDBAsyncClient]:
        """Open a transaction that writes."""

    async def write(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run a plain function in a transaction, in one hop to SQLite's thread."""


def store_for(database: Database) -> Store:
    """
    Give what stores batches in *database*.

    What it raises is the database's: one of its `unavailable_errors`, or `IntegrityError` when
    another worker stored the same message a moment ago.
    """

    async def to_sqlite(batch: Batch) -> None:
        await database.write(lambda connection: _store_in_sqlite(connection, batch))

    async def to_postgres(batch: Batch) -> None:
        async with database.transaction() as connection:
            await _store_in_postgres(connection, batch)

    async def to_any(batch: Batch) -> None:
        async with database.transaction() as connection:
            await store_by_models(connection, batch)

    return {"sqlite": to_sqlite, "postgres": to_postgres}.get(database.dialect, to_any)


# --- SQLite: lists go in as JSON, so that one statement, and one release of the interpreter's
# lock, does for all rows. CROSS JOIN keeps the order: look up each key, never scan the table.

_encode = msgspec.json.Encoder().encode

_SQLITE_PEOPLE = "SELECT id, status FROM user WHERE id IN (SELECT value FROM json_each(?))"
_SQLITE_EARLIER = """
SELECT m.* FROM json_each(?) k
CROSS JOIN message m ON m.from_id = k.value->>0 AND m.cid = k.value->>1"""
_SQLITE_CONVERSATIONS = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)
SELECT value->>0, 'single', value->>1, value->>1, ? FROM json_each(?) WHERE true
ON CONFLICT (conv) DO UPDATE SET last_seq = last_seq + excluded.last_seq,
    last_number = last_number + excluded.last_number, update_time = excluded.update_time
RETURNING conv, last_seq, last_number"""
_SQLITE_MEMBERS = """
INSERT INTO member (conv, user_id, create_time)
SELECT value->>0, value->>1, ? FROM json_each(?) WHERE true
ON CONFLICT (conv, user_id) DO NOTHING"""
_SQLITE_MESSAGES = f"""
INSERT INTO message ({COLUMNS})
SELECT {", ".join(f"value->>{place}" for place in range(11))}, NULL, 0, ? FROM json_each(?)
"""  # noqa: S608 - constants only
_SQLITE_READ = """
UPDATE member SET read_seq = k.value->>2, read_number = k.value->>3 FROM json_each(?) k
WHERE conv = k.value->>0 AND user_id = k.value->>1"""


def _store_in_sqlite(connection: sqlite3.Connection, batch: Batch) -> None:
    statuses = dict(map(tuple, connection.execute(_SQLITE_PEOPLE, (_json(batch.people),))))
    found = connection.execute(_SQLITE_EARLIER, (_json(batch.keys),)) if batch.keys else ()
    batch.plan(statuses, _by_key(map(WireMessage.of_columns, found)))
    if not batch.counts:
        return
    values = (batch.now, _json(batch.counts.items()))
    ends = {
        conv: (last_seq, last_number)
        for conv, last_seq, last_number in connection.execute(_SQLITE_CONVERSATIONS, values)
    }
    if members := _new_members(batch, ends):
        connection.execute(_SQLITE_MEMBERS, (batch.now, _json(members)))
    rows = batch.number(ends)
    connection.execute(_SQLITE_MESSAGES, (batch.now, _json(map(_values, rows))))
    connection.execute(_SQLITE_READ, (_json(_read_own(batch)),))


def _json(values: Iterable[Any]) -> str:
    return _encode(list(values)).decode()


# --- PostgreSQL: lists go in as arrays. LATERAL with a LIMIT looks up each key by the index,
# however large the table is.

_POSTGRES_PEOPLE = 'SELECT id, status FROM "user" WHERE id = ANY($1::bigint[])'
_POSTGRES_EARLIER = f"""
SELECT m.* FROM unnest($1::bigint[], $2::text[]) k (sender, cid) CROSS JOIN LATERAL
    (SELECT {COLUMNS} FROM message WHERE from_id = k.sender AND cid = k.cid LIMIT 1) m
"""  # noqa: S608 - constants only
_POSTGRES_CONVERSATIONS = """
INSERT INTO conversation AS c (conv, chat_type, last_seq, last_number, update_time)
SELECT conv, 'single', new, new, $3 FROM unnest($1::text[], $2::bigint[]) k (conv, new)
ON CONFLICT (conv) DO UPDATE SET last_seq = c.last_seq + excluded.last_seq,
    last_number = c.last_number + excluded.last_number, update_time = excluded.update_time
RETURNING conv, last_seq, last_number"""
_POSTGRES_MEMBERS = """
INSERT INTO member (conv, user_id, create_time)
SELECT conv, user_id, $3 FROM unnest($1::text[], $2::bigint[]) k (conv, user_id)
ON CONFLICT (conv, user_id) DO NOTHING"""
_POSTGRES_MESSAGES = f"""
INSERT INTO message ({COLUMNS})
SELECT k.*, NULL, 0, $12 FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[],
    $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) k
"""  # noqa: S608 - constants only
_POSTGRES_READ = """
UPDATE member m SET read_seq = k.seq, read_number = k.number
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) k (conv, user_id, seq, number)
WHERE m.conv = k.conv AND m.user_id = k.user_id"""


async def _store_in_postgres(connection: BaseDBAsyncClient, batch: Batch) -> None:
    people = await connection.execute_query_dict(_POSTGRES_PEOPLE, [list(batch.people)])
    found = (
        await connection.execute_query_dict(_POSTGRES_EARLIER, _columns(batch.keys))
        if batch.keys
        else []
    )
    batch.plan(
        {row["id"]: row["status"] for row in people}, _by_key(map(WireMessage.of_columns, found))
    )
    if not batch.counts:
        return
    values = [*_columns(batch.counts.items()), batch.now]
    ends = {
        row["conv"]: (row["last_seq"], row["last_number"])
        for row in await connection.execute_query_dict(_POSTGRES_CONVERSATIONS, values)
    }
    if members := _new_members(batch, ends):
        await connection.execute_query_dict(_POSTGRES_MEMBERS, [*_columns(members), batch.now])
    rows = batch.number(ends)
    values = [*_columns(map(_values, rows)), batch.now]
    await connection.execute_query_dict(_POSTGRES_MESSAGES, values)
    await connection.execute_query_dict(_POSTGRES_READ, _columns(_read_own(batch)))


def _columns(rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


# --- Any other: through the models.


async def store_by_models(connection: BaseDBAsyncClient, batch: Batch) -> None:
    """
    Store a batch within an open transaction, in no database's own SQL.

    Args:
        connection: the transaction. Nothing of the batch is true before it commits.
        batch: what to store.
    """
    people = User.filter(id__in=batch.people).using_db(connection)
    statuses = dict(await people.values_list("id", "status"))
    same = Q(*(Q(from_id=sender, cid=cid) for sender, cid in batch.keys), join_type=Q.OR)
    found = await Message.filter(same).using_db(connection) if batch.keys else []
    batch.plan(statuses, _by_key(map(WireMessage.of, found)))
    if not batch.counts:
        return
    ends = await _lock(connection, batch)
    rows = batch.number(ends)
    await Message.bulk_create(map(_model, rows), using_db=connection)
    mine = Q(*(Q(conv=conv, user_id=user) for conv, user in batch.latest), join_type=Q.OR)
    members = await Member.filter(mine).using_db(connection)
    for member in members:
        row = batch.latest[member.conv, member.user_id]
        member.read_seq, member.read_number = row.message.seq, row.number
    await Member.bulk_update(members, ["read_seq", "read_number"], using_db=connection)


async def _lock(connection: BaseDBAsyncClient, batch: Batch) -> dict[str, tuple[int, int]]:
    """Lock the conversations, always in the same order, and move their ends."""
    found = await _locked(connection, batch)
    missing = [conv for conv in batch.counts if conv not in found]
    if missing:
        new = [Conversation(conv=conv, chat_type="single") for conv in missing]
        await Conversation.bulk_create(new, ignore_conflicts=True, using_db=connection)
        members = [Member(conv=conv, user_id=user) for conv in missing for user in _pair(conv)]
        await Member.bulk_create(members, ignore_conflicts=True, using_db=connection)
        found = await _locked(connection, batch)
    for conv, conversation in found.items():
        conversation.last_seq += batch.counts[conv]
        conversation.last_number += batch.counts[conv]
        conversation.update_time = batch.now
    moved = ["last_seq", "last_number", "update_time"]
    await Conversation.bulk_update(found.values(), moved, using_db=connection)
    return {conv: (one.last_seq, one.last_number) for conv, one in found.items()}


async def _locked(connection: BaseDBAsyncClient, batch: Batch) -> dict[str, Conversation]:
    wanted = Conversation.filter(conv__in=list(batch.counts)).order_by("conv")
    return {row.conv: row for row in await wanted.using_db(connection).select_for_update()}


# --- Common to all.


def _by_key(messages: Iterable[WireMessage]) -> dict[Key, WireMessage]:
    return {(message.from_id, message.cid): message for message in messages}


def _values(row: Row) -> tuple[Any, ...]:
    """Give the first eleven of `COLUMNS`."""
    message = row.message
    return (
        message.id,
        message.conv,
        message.seq,
        row.number,
        message.from_id,
        message.to_id,
        message.cid,
        message.chat_type,
        message.type,
        message.data,
        row.options,
    )


def _model(row: Row) -> Message:
    names = COLUMNS.split(", ")
    values = dict(zip(names, _values(row), strict=False))
    return Message(**values, create_time=row.message.create_time)


def _new_members(batch: Batch, ends: dict[str, tuple[int, int]]) -> list[tuple[str, int]]:
    """Give the members of the conversations that this batch began."""
    new = [conv for conv, count in batch.counts.items() if ends[conv][0] == count]
    return [(conv, user) for conv in new for user in _pair(conv)]


def _pair(conv: str) -> list[int]:
    return sorted({int(user) for user in conv.split(":")[1:]})


def _read_own(batch: Batch) -> list[tuple[str, int, int, int]]:
    """Who writes has read what stood before; the delivered cursor stays, for other devices."""
    return [(conv, user, row.message.seq, row.number) for (conv, user), row in batch.latest.items()]
