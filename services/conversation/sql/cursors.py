"""Cursors of many members in one transaction: forward only, and never past the end.

One plan serves all databases; how rows are locked and written differs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from services.database import Database
from services.fields import EVENT_TYPES
from services.sql import (
    ColumnType,
    bind_placeholders,
    bind_values_table,
    join_by_key,
    join_by_range,
    values_table,
)


class Move(NamedTuple):
    """A request to move one member's cursors; 0 does not move a cursor."""

    user_id: int
    conv: str
    delivered: int
    read: int


class Moved(msgspec.Struct, frozen=True):
    """A member's cursors before and after."""

    user_id: int
    conv: str
    delivered: tuple[int, int]
    read: tuple[int, int]

    @property
    def delivered_moved(self) -> bool:
        """Whether the delivered cursor moved."""
        return self.delivered[0] < self.delivered[1]

    @property
    def read_moved(self) -> bool:
        """Whether the read cursor moved."""
        return self.read[0] < self.read[1]


CursorStore = Callable[[Sequence[Move]], Awaitable[list[Moved | None]]]
"""Moves cursors and commits, or raises and changes nothing; None for each non-member."""


class _Place(NamedTuple):
    """A member's row and the end of the conversation."""

    id: int
    last_seq: int
    number: int | None
    """The number of the last event to mark as read."""


class _Cursors(NamedTuple):
    """The stored cursors of a member."""

    delivered_seq: int
    read_seq: int
    read_number: int
    sent_seq: int


def cursor_store_for(database: Database) -> CursorStore:
    """
    Return the store of cursors in *database*.

    It locks only rows of `member`, and skips locked ones if it moves more than one. So it never
    delays a sender, and two transactions cannot deadlock.
    """

    async def to_sqlite(moves: Sequence[Move]) -> list[Moved | None]:
        return await database.write(lambda connection: _in_sqlite(connection, moves))  # type: ignore[no-any-return]

    async def to_others(moves: Sequence[Move]) -> list[Moved | None]:
        async with database.transaction() as connection:
            outcomes, busy = await _attempt(connection, database.dialect, moves)
        for place in busy:
            # Another transaction has locked this one: wait for it alone.
            async with database.transaction() as connection:
                [outcomes[place]], _ = await _attempt(connection, database.dialect, [moves[place]])
        return outcomes

    return to_sqlite if database.dialect == "sqlite" else to_others


_KEYS: dict[str, ColumnType] = {"conv": "text", "user_id": "int", "upto": "int"}


def _places(dialect: str) -> str:
    member = join_by_key(dialect, "member", "m", "m.conv = k.conv AND m.user_id = k.user_id")
    conversation = join_by_key(dialect, "conversation", "c", "c.conv = k.conv")
    return f"""
SELECT k.place, m.id, c.last_seq, (SELECT number FROM message
    WHERE conv = c.conv AND seq <= k.upto ORDER BY seq DESC LIMIT 1) AS number
FROM {values_table(dialect, _KEYS)} {member} {conversation}"""


_OWN: dict[str, ColumnType] = {
    "id": "int",
    "conv": "text",
    "user_id": "int",
    "upto": "int",
    "sent": "int",
}


def _count_own(dialect: str) -> str:
    """Return the query of how many messages members wrote themselves behind their new cursors."""
    messages = join_by_range(
        dialect, "message", "m", "m.conv = k.conv AND m.seq > k.upto AND m.seq <= k.sent"
    )
    return f"""
SELECT k.place, COUNT(*) AS own FROM {values_table(dialect, _OWN)} {messages}
WHERE m.from_id = k.user_id AND m.type NOT IN {EVENT_TYPES} GROUP BY k.place"""


def _keys(moves: Sequence[Move]) -> list[tuple[str, int, int]]:
    return [(move.conv, move.user_id, move.read) for move in moves]


# --- SQLite: there is no other writer during the transaction.

_SQLITE_CURSORS = """
SELECT id, delivered_seq, read_seq, read_number, sent_seq FROM member
WHERE id IN (SELECT value FROM json_each(?))"""
_SQLITE_MOVE = """
UPDATE member
SET delivered_seq = k.value->>1, read_seq = k.value->>2, read_number = k.value->>3
FROM json_each(?) k WHERE member.id = k.value->>0"""


def _in_sqlite(connection: sqlite3.Connection, moves: Sequence[Move]) -> list[Moved | None]:
    found = connection.execute(_places("sqlite"), bind_values_table("sqlite", _keys(moves)))
    places = {row[0]: _Place(*row[1:]) for row in found}
    ids = msgspec.json.encode([place.id for place in places.values()]).decode()
    rows = connection.execute(_SQLITE_CURSORS, [ids])
    stored = {row[0]: _Cursors(*row[1:]) for row in rows}
    own: dict[int, int] = {}
    if behind := _behind_own(moves, places, stored):
        counted = connection.execute(_count_own("sqlite"), bind_values_table("sqlite", behind))
        own = {behind[place][0]: count for place, count in counted}
    updates, outcomes = _plan(moves, places, stored, own)
    if updates:
        connection.execute(_SQLITE_MOVE, bind_values_table("sqlite", updates))
    return outcomes


# --- PostgreSQL and MariaDB: members are locked, and looked up only by id, because MariaDB locks
# every row that it reads. The end of a conversation only grows, so it needs no lock.

_IDS = values_table("mysql", {"id": "int"})
_LOCK = {
    "postgres": """
SELECT id, delivered_seq, read_seq, read_number, sent_seq FROM member
WHERE id = ANY(?::bigint[]) FOR NO KEY UPDATE""",
    "mysql": f"""
SELECT m.id, m.delivered_seq, m.read_seq, m.read_number, m.sent_seq
FROM {_IDS} STRAIGHT_JOIN member m FORCE INDEX (PRIMARY) ON m.id = k.id
FOR UPDATE""",
}
_MOVES: dict[str, ColumnType] = {"id": "int", "delivered": "int", "upto": "int", "number": "int"}
_MOVE = {
    "postgres": f"""
UPDATE member m SET delivered_seq = k.delivered, read_seq = k.upto, read_number = k.number
FROM {values_table("postgres", _MOVES)} WHERE m.id = k.id""",
    "mysql": f"""
UPDATE {values_table("mysql", _MOVES)} STRAIGHT_JOIN member m FORCE INDEX (PRIMARY) ON m.id = k.id
SET m.delivered_seq = k.delivered, m.read_seq = k.upto, m.read_number = k.number""",
}


async def _attempt(
    connection: BaseDBAsyncClient, dialect: str, moves: Sequence[Move]
) -> tuple[list[Moved | None], list[int]]:
    """Move the cursors that are not locked; return the positions of the locked ones, too."""

    async def ask(query: str, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        values = bind_values_table(dialect, rows)
        return await connection.execute_query_dict(bind_placeholders(dialect, query), values)

    places = {row.pop("place"): _Place(**row) for row in await ask(_places(dialect), _keys(moves))}
    if not places:
        return [None] * len(moves), []
    # Only a single lock waits: several could deadlock.
    wait = "" if len(moves) == 1 else " SKIP LOCKED"
    ids = [(place.id,) for place in places.values()]
    locked = {row.pop("id"): _Cursors(**row) for row in await ask(_LOCK[dialect] + wait, ids)}
    own: dict[int, int] = {}
    # While the member is locked, no message of its user is being stored.
    if behind := _behind_own(moves, places, locked):
        counted = await ask(_count_own(dialect), behind)
        own = {behind[row["place"]][0]: row["own"] for row in counted}
    updates, outcomes = _plan(moves, places, locked, own)
    if updates:
        values = bind_values_table(dialect, updates)
        await connection.execute_query(bind_placeholders(dialect, _MOVE[dialect]), values)
    busy = [number for number, place in places.items() if place.id not in locked]
    return outcomes, busy if len(moves) > 1 else []


# --- All databases.


def _behind_own(
    moves: Sequence[Move], places: Mapping[int, _Place], stored: Mapping[int, _Cursors]
) -> list[tuple[int, str, int, int, int]]:
    """Return the moves of read cursors that stay behind a message of the member's own."""
    behind = []
    for number, place in places.items():
        move, cursors = moves[number], stored.get(place.id)
        read = min(move.read, place.last_seq)
        if cursors is not None and cursors.read_seq < read < cursors.sent_seq:
            behind.append((place.id, move.conv, move.user_id, read, cursors.sent_seq))
    return behind


def _plan(
    moves: Sequence[Move],
    places: Mapping[int, _Place],
    stored: Mapping[int, _Cursors],
    own: Mapping[int, int],
) -> tuple[list[tuple[int, int, int, int]], list[Moved | None]]:
    """Return the rows to update and the outcome of each move."""
    updates: list[tuple[int, int, int, int]] = []
    outcomes: list[Moved | None] = []
    for number, move in enumerate(moves):
        place = places.get(number)
        cursors = stored.get(place.id) if place else None
        if place is None or cursors is None:
            outcomes.append(None)
            continue
        # A message that was read was delivered.
        wanted = max(move.delivered, move.read)
        delivered = max(cursors.delivered_seq, min(wanted, place.last_seq))
        read = max(cursors.read_seq, min(move.read, place.last_seq))
        moved = Moved(
            move.user_id, move.conv, (cursors.delivered_seq, delivered), (cursors.read_seq, read)
        )
        outcomes.append(moved)
        if moved.delivered_moved or moved.read_moved:
            count = cursors.read_number
            if moved.read_moved:
                count = max(count, (place.number or 0) + own.get(place.id, 0))
            updates.append((place.id, delivered, read, count))
    return updates, outcomes
