"""
A batch in MariaDB and MySQL.

Each statement is a way to the database and back: so there are few. Lists are written out in them,
since the two have no common way to pass one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from services.message.batch import Batch, Changed, Findings, Pair, Seat
from services.message.sql.rows import COLUMNS, by_key, values
from services.wire import WireMessage, group, single

_LOCK = """
SELECT conv, last_seq, last_number FROM conversation WHERE conv IN {convs}
ORDER BY conv FOR UPDATE"""
# Each column comes from one table only: texts of several might not have a collation in common.
_PEOPLE = """
SELECT 'person' AS kind, id AS a, status AS b, NULL AS strangers, NULL AS conv
FROM user WHERE id IN {people}"""
_REPEATS = " UNION ALL SELECT 'repeat', from_id, 0, NULL, NULL FROM message WHERE {keys}"
_PAIRS = """
UNION ALL SELECT 'block', blocked_id, user_id, NULL, NULL FROM block WHERE {pairs}
UNION ALL SELECT 'preference', user_id, 0, strangers, NULL FROM preference WHERE user_id IN {to}
UNION ALL SELECT 'member', user_id, sent_seq, NULL, conv FROM member WHERE conv IN {convs}"""
_EARLIER = "SELECT * FROM message WHERE {keys}"
_SEATS = """
SELECT m.conv, m.user_id, g.version, g.muted, m.role, m.muted_until
FROM member m JOIN chat_group g ON g.id = CAST(SUBSTRING(m.conv, 3) AS UNSIGNED)
WHERE ({seats}) AND g.dissolve_time IS NULL"""
_GROUP_MEMBERS = "SELECT user_id FROM member WHERE conv = %s"
# Not INSERT IGNORE: the shared lock that it leaves on a row that another worker just made lets
# two wait for each other.
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
UPDATE (SELECT %s COLLATE utf8mb4_bin AS conv, %s AS user_id, %s AS seq, %s AS number{more}) k
STRAIGHT_JOIN member m ON m.conv = k.conv AND m.user_id = k.user_id
SET m.read_seq = k.seq, m.read_number = k.number, m.sent_seq = k.seq"""
_ONE_MORE = " UNION ALL SELECT %s, %s, %s, %s"


async def store_in_mysql(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> None:
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
    before = await _lock(connection, batch.convs)
    batch.plan(await _look_up(connection, batch, strangers))
    if not batch.counts:
        return
    for conv in batch.unknown:
        batch.members[conv] = tuple(row["user_id"] for row in await ask(_GROUP_MEMBERS, [conv]))
    if new := [conv for conv in batch.counts if conv not in before]:
        await _insert(connection, _CONVERSATIONS, [(conv, "single", 0, 0, 0) for conv in new])
        if any(any(end) for end in (await _lock(connection, new)).values()):
            raise Changed
    ends = batch.ends(before)
    if members := batch.new_members(ends):
        await _insert(connection, _MEMBERS, [(*member, batch.now) for member in members])
    rows = batch.number(ends)
    moved = [(conv, "single", *end, batch.now) for conv, end in ends.items()]
    await _insert(connection, _ENDS, moved)
    await _insert(connection, _MESSAGES, [(*values(row), 0, batch.now) for row in rows])
    if batch.attachments:
        await _insert(connection, _ATTACHMENTS, batch.attachments)
    cursors = batch.own_cursors()
    more = _ONE_MORE * (len(cursors) - 1)
    await ask(_OWN_CURSORS.format(more=more), [*chain(*cursors)])


async def _lock(connection: BaseDBAsyncClient, convs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Lock conversations, and give the ends of those that exist."""
    found = await connection.execute_query_dict(_LOCK.format(convs=_marks(len(convs))), [*convs])
    return {row["conv"]: (row["last_seq"], row["last_number"]) for row in found}


async def _insert(
    connection: BaseDBAsyncClient, statement: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    marks = ", ".join([_marks(len(rows[0]))] * len(rows))
    await connection.execute_query(statement.format(rows=marks), [*chain(*rows)])


async def _look_up(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> Findings:
    ask = connection.execute_query_dict
    people, keys, pairs = list(batch.people), list(batch.keys), list(batch.pairs)
    same = _any("from_id = %s AND cid = %s", keys)
    statement = _PEOPLE.format(people=_marks(len(people)))
    about: list[Any] = [*people]
    if keys:
        statement += _REPEATS.format(keys=same)
        about = [*about, *chain(*keys)]
    if pairs:
        mutual = _any("blocked_id = %s AND user_id = %s", pairs)
        each = _marks(len(pairs))
        statement += _PAIRS.format(pairs=mutual, to=each, convs=each)
        recipients = (to for _, to in pairs)
        about = [*about, *chain(*pairs), *recipients, *(single(*pair) for pair in pairs)]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await ask(statement, about):
        found.setdefault(row["kind"], []).append(row)
    repeats = await ask(_EARLIER.format(keys=same), [*chain(*keys)]) if "repeat" in found else []
    return Findings(
        statuses={row["a"]: row["b"] for row in found.get("person", ())},
        earlier=by_key(map(WireMessage.of_columns, repeats)),
        pairs=_pairs(pairs, found, strangers),
        seats=await _seats(connection, batch),
    )


def _pairs(
    pairs: Iterable[tuple[int, int]], found: dict[str, list[dict[str, Any]]], strangers: str
) -> dict[tuple[int, int], Pair]:
    blocked = {(row["a"], row["b"]) for row in found.get("block", ())}
    preferences = {row["a"]: row["strangers"] for row in found.get("preference", ())}
    sent = {(row["conv"], row["a"]): row["b"] for row in found.get("member", ())}
    return {
        (sender, to): Pair(
            blocked=(sender, to) in blocked,
            strangers=preferences.get(to, strangers),
            sent=sent.get((single(sender, to), sender), 0),
            answered=sent.get((single(sender, to), to), 0),
        )
        for sender, to in pairs
    }


async def _seats(connection: BaseDBAsyncClient, batch: Batch) -> dict[tuple[int, int], Seat]:
    if not batch.seats:
        return {}
    numbers = {group(number): number for number, _ in batch.seats}
    about = [(group(number), sender) for number, sender in batch.seats]
    wanted = _any("m.conv = %s AND m.user_id = %s", about)
    found = await connection.execute_query_dict(_SEATS.format(seats=wanted), [*chain(*about)])
    rows = (row.values() for row in found)
    return {(numbers[conv], user): Seat(*rest) for conv, user, *rest in rows}


def _marks(count: int) -> str:
    return f"({', '.join(['%s'] * count)})"


def _any(condition: str, rows: Sequence[Any]) -> str:
    return " OR ".join([f"({condition})"] * len(rows))
