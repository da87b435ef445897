"""
How MariaDB and MySQL store a batch.

Each statement is a round trip, so there are few. Lists of values are written out in the statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from services.message.batch import Batch, Conflict, LookupResult
from services.message.permission import GroupMembership, Relation
from services.message.sql.rows import COLUMNS, by_key, row_values
from services.wire import WireMessage, group_conv, single_conv

_LOCK = """
SELECT conv, last_seq, last_number FROM conversation WHERE conv IN {convs}
ORDER BY conv FOR UPDATE"""
# Each column comes from one table only: texts of several tables may have different collations.
_USERS = """
SELECT 'user' AS kind, id AS a, status AS b, NULL AS strangers, NULL AS conv
FROM user WHERE id IN {users}"""
_REPEATS = " UNION ALL SELECT 'repeat', from_id, 0, NULL, NULL FROM message WHERE {keys}"
_RELATIONS = """
UNION ALL SELECT 'block', blocked_id, user_id, NULL, NULL FROM block WHERE {pairs}
UNION ALL SELECT 'preference', user_id, 0, strangers, NULL FROM preference WHERE user_id IN {to}
UNION ALL SELECT 'member', user_id, sent_seq, NULL, conv FROM member WHERE conv IN {convs}"""
_EARLIER = "SELECT * FROM message WHERE {keys}"
_MEMBERSHIPS = """
SELECT m.conv, m.user_id, g.version, g.muted, m.role, m.muted_until
FROM member m JOIN chat_group g ON g.id = CAST(SUBSTRING(m.conv, 3) AS UNSIGNED)
WHERE ({places}) AND g.dissolve_time IS NULL"""
_GROUP_MEMBERS = "SELECT user_id FROM member WHERE conv = %s"
# Not INSERT IGNORE: it leaves a shared lock on a row that another worker just inserted, so that two
# workers can deadlock.
_CONVERSATIONS = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)
VALUES {rows} ON DUPLICATE KEY UPDATE last_seq = last_seq"""
_ENDS = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)
VALUES {rows} ON DUPLICATE KEY UPDATE last_seq = VALUES(last_seq),
    last_number = VALUES(last_number), update_time = VALUES(update_time)"""
_MEMBERS = "INSERT IGNORE INTO member (conv, user_id, create_time) VALUES {rows}"
_MESSAGES = f"INSERT INTO message ({COLUMNS}) VALUES {{rows}}"
_ATTACHMENTS = "INSERT INTO attachment (message_id, file_id, conv, seq) VALUES {rows}"
# STRAIGHT_JOIN keeps the order: look up each member by the index.
_OWN_CURSORS = """
UPDATE (SELECT %s COLLATE utf8mb4_bin AS conv, %s AS user_id, %s AS number_before, %s AS seq,
    %s AS own, %s AS sent{more}) k
STRAIGHT_JOIN member m ON m.conv = k.conv AND m.user_id = k.user_id
SET m.read_seq = IF(k.seq > 0 AND m.read_number >= k.number_before, k.seq, m.read_seq),
    m.read_number = m.read_number + k.own, m.sent_seq = k.sent"""
_ONE_MORE = " UNION ALL SELECT %s, %s, %s, %s, %s, %s"


async def store_in_mysql(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> None:
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
    before = await _lock(connection, batch.convs)
    batch.plan(await _look_up(connection, batch, strangers))
    if not batch.counts:
        return
    for conv in batch.unknown:
        batch.members[conv] = tuple(row["user_id"] for row in await query(_GROUP_MEMBERS, [conv]))
    if new := [conv for conv in batch.counts if conv not in before]:
        await _insert(connection, _CONVERSATIONS, [(conv, "single", 0, 0, 0) for conv in new])
        if any(any(end) for end in (await _lock(connection, new)).values()):
            raise Conflict
    ends = batch.ends(before)
    if members := batch.new_members(ends):
        await _insert(connection, _MEMBERS, [(*member, batch.now) for member in members])
    rows = batch.number(ends)
    moved = [(conv, "single", *end, batch.now) for conv, end in ends.items()]
    await _insert(connection, _ENDS, moved)
    await _insert(connection, _MESSAGES, [(*row_values(row), 0, batch.now) for row in rows])
    if batch.attachments:
        await _insert(connection, _ATTACHMENTS, batch.attachments)
    cursors = batch.own_cursors()
    more = _ONE_MORE * (len(cursors) - 1)
    await query(_OWN_CURSORS.format(more=more), [*chain(*cursors)])


async def _lock(connection: BaseDBAsyncClient, convs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Lock conversations, and return the ends of those that exist."""
    found = await connection.execute_query_dict(
        _LOCK.format(convs=_placeholders(len(convs))), [*convs]
    )
    return {row["conv"]: (row["last_seq"], row["last_number"]) for row in found}


async def _insert(
    connection: BaseDBAsyncClient, statement: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    placeholders = ", ".join([_placeholders(len(rows[0]))] * len(rows))
    await connection.execute_query(statement.format(rows=placeholders), [*chain(*rows)])


async def _look_up(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> LookupResult:
    query = connection.execute_query_dict
    users, keys, pairs = list(batch.users), list(batch.keys), list(batch.relations)
    is_key = _any_of("from_id = %s AND cid = %s", keys)
    statement = _USERS.format(users=_placeholders(len(users)))
    values: list[Any] = [*users]
    if keys:
        statement += _REPEATS.format(keys=is_key)
        values = [*values, *chain(*keys)]
    if pairs:
        is_pair = _any_of("blocked_id = %s AND user_id = %s", pairs)
        each = _placeholders(len(pairs))
        statement += _RELATIONS.format(pairs=is_pair, to=each, convs=each)
        recipients = (to for _, to in pairs)
        values = [*values, *chain(*pairs), *recipients, *(single_conv(*pair) for pair in pairs)]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await query(statement, values):
        found.setdefault(row["kind"], []).append(row)
    repeats = "repeat" in found
    earlier = await query(_EARLIER.format(keys=is_key), [*chain(*keys)]) if repeats else []
    return LookupResult(
        statuses={row["a"]: row["b"] for row in found.get("user", ())},
        earlier=by_key(map(WireMessage.of_columns, earlier)),
        relations=_relations(pairs, found, strangers),
        memberships=await _read_memberships(connection, batch),
    )


def _relations(
    pairs: Iterable[tuple[int, int]], found: dict[str, list[dict[str, Any]]], strangers: str
) -> dict[tuple[int, int], Relation]:
    blocked = {(row["a"], row["b"]) for row in found.get("block", ())}
    preferences = {row["a"]: row["strangers"] for row in found.get("preference", ())}
    sent = {(row["conv"], row["a"]): row["b"] for row in found.get("member", ())}
    return {
        (sender, to): Relation(
            blocked=(sender, to) in blocked,
            strangers=preferences.get(to, strangers),
            sent=bool(sent.get((single_conv(sender, to), sender))),
            answered=bool(sent.get((single_conv(sender, to), to))),
        )
        for sender, to in pairs
    }


async def _read_memberships(
    connection: BaseDBAsyncClient, batch: Batch
) -> dict[tuple[int, int], GroupMembership]:
    if not batch.memberships:
        return {}
    groups = {group_conv(group): group for group, _ in batch.memberships}
    places = [(group_conv(group), sender) for group, sender in batch.memberships]
    statement = _MEMBERSHIPS.format(places=_any_of("m.conv = %s AND m.user_id = %s", places))
    found = await connection.execute_query_dict(statement, [*chain(*places)])
    rows = (row.values() for row in found)
    return {(groups[conv], user): GroupMembership(*rest) for conv, user, *rest in rows}


def _placeholders(count: int) -> str:
    return f"({', '.join(['%s'] * count)})"


def _any_of(condition: str, rows: Sequence[Any]) -> str:
    return " OR ".join([f"({condition})"] * len(rows))
