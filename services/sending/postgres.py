"""
A batch in PostgreSQL.

Lists go in as arrays. LATERAL with a LIMIT looks up each key by the index, however large the
table is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from services.sending.batch import Batch, Findings, Pair, Seat
from services.sending.rows import COLUMNS, by_key, values
from services.wire import WireMessage, group, single

_LOCK = "SELECT conv FROM conversation WHERE conv = ANY($1::text[]) ORDER BY conv FOR UPDATE"
_PEOPLE = 'SELECT id, status FROM "user" WHERE id = ANY($1::bigint[])'
_EARLIER = """
SELECT m.* FROM unnest($1::bigint[], $2::text[]) k (sender, cid) CROSS JOIN LATERAL
    (SELECT * FROM message WHERE from_id = k.sender AND cid = k.cid LIMIT 1) m"""
_PAIRS = """
SELECT k.sender, k.recipient, b.id IS NOT NULL AS blocked, coalesce(p.strangers, $4) AS strangers,
    coalesce(s.sent_seq, 0) AS sent, coalesce(r.sent_seq, 0) AS answered
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) k (sender, recipient, conv)
LEFT JOIN block b ON b.user_id = k.recipient AND b.blocked_id = k.sender
LEFT JOIN preference p ON p.user_id = k.recipient
LEFT JOIN member s ON s.conv = k.conv AND s.user_id = k.sender
LEFT JOIN member r ON r.conv = k.conv AND r.user_id = k.recipient"""
_SEATS = """
SELECT g.id, m.user_id, g.version, g.muted, m.role, m.muted_until
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) k (id, sender, conv)
JOIN chat_group g ON g.id = k.id AND g.dissolve_time IS NULL
JOIN member m ON m.conv = k.conv AND m.user_id = k.sender"""
_GROUP_MEMBERS = "SELECT user_id FROM member WHERE conv = $1"
_CONVERSATIONS = """
INSERT INTO conversation AS c (conv, chat_type, last_seq, last_number, update_time)
SELECT conv, 'single', new, new, $3 FROM unnest($1::text[], $2::bigint[]) k (conv, new)
ON CONFLICT (conv) DO UPDATE SET last_seq = c.last_seq + excluded.last_seq,
    last_number = c.last_number + excluded.last_number, update_time = excluded.update_time
RETURNING conv, last_seq, last_number"""
_MEMBERS = """
INSERT INTO member (conv, user_id, create_time)
SELECT conv, user_id, $3 FROM unnest($1::text[], $2::bigint[]) k (conv, user_id)
ON CONFLICT (conv, user_id) DO NOTHING"""
_MESSAGES = f"""
INSERT INTO message ({COLUMNS})
SELECT k.*, 0, $12 FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[],
    $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) k
"""  # noqa: S608 - constants only
_ATTACHMENTS = """
INSERT INTO attachment (message_id, file_id, conv, seq)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])"""
_OWN_CURSORS = """
UPDATE member m SET read_seq = k.seq, read_number = k.number, sent_seq = k.seq
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) k (conv, user_id, seq, number)
WHERE m.conv = k.conv AND m.user_id = k.user_id"""


async def store_in_postgres(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> None:
    """
    Store a batch within an open transaction.

    Args:
        connection: the transaction. Nothing of the batch is true before it commits.
        batch: what to store.
        strangers: what people who decided nothing take from strangers.

    Raises:
        Changed: another worker began one of the conversations at this moment.
    """
    ask = connection.execute_query_dict
    # Locked before anything is looked up, and always in the same order: who may write cannot
    # change any more, and two batches never wait for each other.
    existing = {row["conv"] for row in await ask(_LOCK, [batch.convs])}
    batch.plan(await _look_up(connection, batch, strangers))
    if not batch.counts:
        return
    for conv in batch.unknown:
        batch.members[conv] = tuple(row["user_id"] for row in await ask(_GROUP_MEMBERS, [conv]))
    ends = {
        row["conv"]: (row["last_seq"], row["last_number"])
        for row in await ask(_CONVERSATIONS, [*_columns(batch.counts.items()), batch.now])
    }
    batch.check_ends(existing, ends)
    if members := batch.new_members(ends):
        await ask(_MEMBERS, [*_columns(members), batch.now])
    rows = batch.number(ends)
    await ask(_MESSAGES, [*_columns(map(values, rows)), batch.now])
    if batch.attachments:
        await ask(_ATTACHMENTS, _columns(batch.attachments))
    await ask(_OWN_CURSORS, _columns(batch.own_cursors()))


async def _look_up(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> Findings:
    ask = connection.execute_query_dict
    people = await ask(_PEOPLE, [list(batch.people)])
    earlier = await ask(_EARLIER, _columns(batch.keys)) if batch.keys else []
    found = Findings(
        statuses={row["id"]: row["status"] for row in people},
        earlier=by_key(map(WireMessage.of_columns, earlier)),
        pairs={},
        seats={},
    )
    if batch.pairs:
        pairs = [(sender, to, single(sender, to)) for sender, to in batch.pairs]
        rows = await ask(_PAIRS, [*_columns(pairs), strangers])
        found.pairs = {(sender, to): Pair(*rest) for sender, to, *rest in _rows(rows)}
    if batch.seats:
        seats = [(number, sender, group(number)) for number, sender in batch.seats]
        rows = await ask(_SEATS, _columns(seats))
        found.seats = {(number, sender): Seat(*rest) for number, sender, *rest in _rows(rows)}
    return found


def _columns(rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _rows(found: Iterable[dict[str, Any]]) -> Iterable[Iterable[Any]]:
    return (row.values() for row in found)
