"""
How PostgreSQL stores a batch.

Each statement is a round trip, which costs more than its work in the database: so there are few.
Lists are passed as arrays, and what is looked up is returned as JSON. LATERAL with a LIMIT looks up
each key by the index, however large the table is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from services.message.batch import Batch, Conflict, LookupResult
from services.message.permission import GroupMembership, Relation
from services.message.sql.rows import COLUMNS, NAMES, by_key, row_values
from services.wire import WireMessage, group_conv, single_conv

_decode = msgspec.json.Decoder(list[list[Any]]).decode

_LOCK = """
SELECT conv, last_seq, last_number FROM conversation WHERE conv = ANY($1::text[])
ORDER BY conv FOR UPDATE"""
_LOOK_UP = """
SELECT (SELECT json_agg(json_build_array(id, status)) FROM "user" WHERE id = ANY($1::bigint[]))
    AS users,
EXISTS (SELECT FROM unnest($2::bigint[], $3::text[]) k (sender, cid) CROSS JOIN LATERAL
    (SELECT FROM message WHERE from_id = k.sender AND cid = k.cid LIMIT 1) m)
    AS repeats,
(SELECT json_agg(json_build_array(k.sender, k.recipient, b.id IS NOT NULL,
        coalesce(p.strangers, $7), coalesce(s.sent_seq, 0) > 0, coalesce(r.sent_seq, 0) > 0))
    FROM unnest($4::bigint[], $5::bigint[], $6::text[]) k (sender, recipient, conv)
    LEFT JOIN block b ON b.user_id = k.recipient AND b.blocked_id = k.sender
    LEFT JOIN preference p ON p.user_id = k.recipient
    LEFT JOIN member s ON s.conv = k.conv AND s.user_id = k.sender
    LEFT JOIN member r ON r.conv = k.conv AND r.user_id = k.recipient)
    AS relations,
(SELECT json_agg(json_build_array(g.id, m.user_id, g.version, g.muted, m.role, m.muted_until))
    FROM unnest($8::bigint[], $9::bigint[], $10::text[]) k (id, sender, conv)
    JOIN chat_group g ON g.id = k.id AND g.dissolve_time IS NULL
    JOIN member m ON m.conv = k.conv AND m.user_id = k.sender)
    AS memberships"""
_EARLIER = """
SELECT m.* FROM unnest($1::bigint[], $2::text[]) k (sender, cid) CROSS JOIN LATERAL
    (SELECT * FROM message WHERE from_id = k.sender AND cid = k.cid LIMIT 1) m"""
_GROUP_MEMBERS = "SELECT user_id FROM member WHERE conv = $1"
_CONVERSATIONS = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)
SELECT conv, 'single', 0, 0, $2 FROM unnest($1::text[]) conv
ON CONFLICT (conv) DO NOTHING RETURNING conv"""
_MEMBERS = """
INSERT INTO member (conv, user_id, create_time)
SELECT conv, user_id, $3 FROM unnest($1::text[], $2::bigint[]) k (conv, user_id)
ON CONFLICT (conv, user_id) DO NOTHING"""
_MESSAGES = f"""
WITH ends AS (
    UPDATE conversation c SET last_seq = k.seq, last_number = k.number, update_time = $1
    FROM unnest($2::text[], $3::bigint[], $4::bigint[]) k (conv, seq, number)
    WHERE c.conv = k.conv
), own_cursors AS (
    UPDATE member m SET read_number = m.read_number + k.own, sent_seq = k.sent_seq, read_seq =
        CASE WHEN k.seq > 0 AND m.read_number >= k.number_before THEN k.seq ELSE m.read_seq END
    FROM unnest($5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
        k (conv, user_id, number_before, seq, own, sent_seq)
    WHERE m.conv = k.conv AND m.user_id = k.user_id
), attachments AS (
    INSERT INTO attachment (message_id, file_id, conv, seq)
    SELECT * FROM unnest($11::uuid[], $12::uuid[], $13::text[], $14::bigint[])
)
INSERT INTO message ({COLUMNS})
SELECT k.*, 0, $1 FROM unnest($15::uuid[], $16::text[], $17::bigint[], $18::bigint[],
    $19::bigint[], $20::bigint[], $21::text[], $22::text[], $23::text[], $24::text[],
    $25::text[]) k
"""


async def store_in_postgres(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> None:
    """
    Store a batch within an open transaction.

    Args:
        connection: the transaction; the outcomes of the batch are valid once it commits.
        batch: what to store.
        strangers: the setting `chat.strangers`, for users without a preference.

    Raises:
        Conflict: another worker created one of the conversations at the same time.
    """
    query = connection.execute_query_dict
    # Locked before the lookup, so that permissions cannot change, and always in the same order, so
    # that two batches cannot deadlock.
    before = {
        row["conv"]: (row["last_seq"], row["last_number"])
        for row in await query(_LOCK, [batch.convs])
    }
    batch.plan(await _look_up(connection, batch, strangers))
    if not batch.counts:
        return
    for conv in batch.unknown:
        batch.members[conv] = tuple(row["user_id"] for row in await query(_GROUP_MEMBERS, [conv]))
    new = [conv for conv in batch.counts if conv not in before]
    if new and len(await query(_CONVERSATIONS, [new, batch.now])) < len(new):
        raise Conflict
    ends = batch.ends(before)
    if members := batch.new_members(ends):
        await query(_MEMBERS, [*_columns(members, 2), batch.now])
    rows = batch.number(ends)
    moved = [(conv, *end) for conv, end in ends.items()]
    await query(
        _MESSAGES,
        [
            batch.now,
            *_columns(moved, 3),
            *_columns(batch.own_cursors(), 6),
            *_columns(batch.attachments, 4),
            *_columns(map(row_values, rows), len(NAMES)),
        ],
    )


async def _look_up(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> LookupResult:
    query = connection.execute_query_dict
    keys = _columns(batch.keys, 2)
    pairs = [(sender, to, single_conv(sender, to)) for sender, to in batch.relations]
    places = [(group, sender, group_conv(group)) for group, sender in batch.memberships]
    (found,) = await query(
        _LOOK_UP, [list(batch.users), *keys, *_columns(pairs, 3), strangers, *_columns(places, 3)]
    )
    earlier = await query(_EARLIER, keys) if found["repeats"] else []
    return LookupResult(
        statuses=dict(_rows(found["users"])),
        earlier=by_key(map(WireMessage.of_columns, earlier)),
        relations={
            (sender, to): Relation(*rest) for sender, to, *rest in _rows(found["relations"])
        },
        memberships={
            (group, user): GroupMembership(*rest)
            for group, user, *rest in _rows(found["memberships"])
        },
    )


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Return the columns of rows of *width* values each; there may be no rows."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _rows(aggregated: str | None) -> list[list[Any]]:
    return [] if aggregated is None else _decode(aggregated)
