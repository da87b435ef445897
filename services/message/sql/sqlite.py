"""
How SQLite stores a batch.

Lists of keys are passed as JSON, and messages are inserted many at a time: one statement, and one
release of the interpreter's lock, for many rows. CROSS JOIN keeps the order of the tables: each key
is looked up, and the table is never scanned.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from services.message.batch import Batch, LookupResult, Stored
from services.message.permission import GroupMembership, Relation
from services.message.sql.rows import COLUMNS, NAMES, by_key, row_values
from services.wire import WireMessage, group_conv, single_conv

_encode = msgspec.json.Encoder().encode

_USERS = "SELECT id, status FROM user WHERE id IN (SELECT value FROM json_each(?))"
_EARLIER = """
SELECT m.* FROM json_each(?) k
CROSS JOIN message m ON m.from_id = k.value->>0 AND m.cid = k.value->>1"""
_RELATIONS = """
SELECT k.value->>0, k.value->>1, b.id IS NOT NULL, coalesce(p.strangers, ?),
    coalesce(s.sent_seq, 0) > 0, coalesce(r.sent_seq, 0) > 0
FROM json_each(?) k
LEFT JOIN block b ON b.user_id = k.value->>1 AND b.blocked_id = k.value->>0
LEFT JOIN preference p ON p.user_id = k.value->>1
LEFT JOIN member s ON s.conv = k.value->>2 AND s.user_id = k.value->>0
LEFT JOIN member r ON r.conv = k.value->>2 AND r.user_id = k.value->>1"""
_MEMBERSHIPS = """
SELECT g.id, m.user_id, g.version, g.muted, m.role, m.muted_until FROM json_each(?) k
CROSS JOIN chat_group g ON g.id = k.value->>0
CROSS JOIN member m ON m.conv = k.value->>2 AND m.user_id = k.value->>1
WHERE g.dissolve_time IS NULL"""
_GROUP_MEMBERS = "SELECT user_id FROM member WHERE conv = ?"
_CONVERSATIONS = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)
SELECT value->>0, 'single', value->>1, value->>1, ? FROM json_each(?) WHERE true
ON CONFLICT (conv) DO UPDATE SET last_seq = last_seq + excluded.last_seq,
    last_number = last_number + excluded.last_number, update_time = excluded.update_time
RETURNING conv, last_seq, last_number"""
_MEMBERS = """
INSERT INTO member (conv, user_id, create_time)
SELECT value->>0, value->>1, ? FROM json_each(?) WHERE true
ON CONFLICT (conv, user_id) DO NOTHING"""
_ROW = f"({', '.join('?' * len(NAMES))}, 0, ?)"
_ROW_COUNTS = (64, 16, 4, 1)
"""Numbers of messages that one statement inserts. Each needs a prepared statement of its own."""
# FAIL, because any failure ends the transaction. To undo one statement alone, SQLite would copy all
# pages that it touches, which takes two thirds of the time.
_MESSAGES = {
    count: f"INSERT OR FAIL INTO message ({COLUMNS}) VALUES {', '.join([_ROW] * count)}"
    for count in _ROW_COUNTS
}
_ATTACHMENTS = """
INSERT INTO attachment (message_id, file_id, conv, seq)
SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)"""
_OWN_CURSORS = """
UPDATE member SET
    read_seq = iif(k.value->>3 > 0 AND read_number >= k.value->>2, k.value->>3, read_seq),
    read_number = read_number + (k.value->>4), sent_seq = k.value->>5
FROM json_each(?) k WHERE conv = k.value->>0 AND user_id = k.value->>1"""


def store_in_sqlite(connection: sqlite3.Connection, batch: Batch, strangers: str) -> None:
    """
    Store a batch within an open transaction, the only one that writes.

    Args:
        connection: with the transaction; the outcomes of the batch are valid once it commits.
        batch: what to store.
        strangers: the setting `chat.strangers`, for users without a preference.
    """
    execute = connection.execute
    batch.plan(_look_up(connection, batch, strangers))
    if not batch.counts:
        return
    for conv in batch.unknown:
        batch.members[conv] = tuple(row[0] for row in execute(_GROUP_MEMBERS, (conv,)))
    ends = {
        conv: (last_seq, last_number)
        for conv, last_seq, last_number in execute(
            _CONVERSATIONS, (batch.now, _json(batch.counts.items()))
        )
    }
    if members := batch.new_members(ends):
        execute(_MEMBERS, (batch.now, _json(members)))
    rows = batch.number(ends)
    _insert(connection, rows, batch.now)
    if batch.attachments:
        execute(_ATTACHMENTS, (_json(batch.attachments),))
    execute(_OWN_CURSORS, (_json(batch.own_cursors()),))


def _look_up(connection: sqlite3.Connection, batch: Batch, strangers: str) -> LookupResult:
    execute = connection.execute
    users = execute(_USERS, (_json(batch.users),))
    earlier = execute(_EARLIER, (_json(batch.keys),)) if batch.keys else ()
    pairs = [(sender, to, single_conv(sender, to)) for sender, to in batch.relations]
    relations = execute(_RELATIONS, (strangers, _json(pairs))) if pairs else ()
    places = [(group, sender, group_conv(group)) for group, sender in batch.memberships]
    memberships = execute(_MEMBERSHIPS, (_json(places),)) if places else ()
    return LookupResult(
        statuses=dict(map(tuple, users)),
        earlier=by_key(map(WireMessage.of_columns, earlier)),
        relations={(sender, to): Relation(*rest) for sender, to, *rest in relations},
        memberships={(group, user): GroupMembership(*rest) for group, user, *rest in memberships},
    )


def _insert(connection: sqlite3.Connection, rows: Sequence[Stored], now: int) -> None:
    start = 0
    for count in _ROW_COUNTS:
        while len(rows) - start >= count:
            some = rows[start : start + count]
            connection.execute(
                _MESSAGES[count], [value for row in some for value in (*row_values(row), now)]
            )
            start += count


def _json(rows: Iterable[Any]) -> str:
    return _encode(list(rows)).decode()
