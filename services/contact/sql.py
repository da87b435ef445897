"""Reads what users may see of each other, on every database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from services.contact.relations import EVERYTHING, Pair, View
from services.sql import ColumnType, bind_placeholders, bind_values_table, join_by_key, values_table
from services.wire import single_conv

MAX_PAIRS = 500
"""Pairs of one query. Between two queries, the event loop does other work."""

_KEYS: dict[str, ColumnType] = {"viewer": "int", "owner": "int", "conv": "text"}
_KNOWING: dict[str, ColumnType] = {"conv": "text", "user_id": "int"}


def _views(dialect: str) -> str:
    # The two are looked up as members only if a preference says "contacts".
    contacts = "CASE WHEN po.presence = 'contacts' THEN k.conv END"
    joins = (
        ("block", "b", "b.user_id = k.owner AND b.blocked_id = k.viewer"),
        ("privacy", "po", "po.user_id = k.owner"),
        ("privacy", "pv", "pv.user_id = k.viewer"),
        ("member", "o", f"o.conv = {contacts} AND o.user_id = k.owner"),
        ("member", "v", f"v.conv = {contacts} AND v.user_id = k.viewer"),
    )
    return f"""
SELECT k.viewer, k.owner, b.id AS block_id, b.read_seq, b.delivered_seq,
    coalesce(po.presence, 'everyone') AS presence,
    coalesce(po.receipts, 1) AS shown, coalesce(pv.receipts, 1) AS seen,
    coalesce(o.sent_seq, 0) AS owner_sent, coalesce(v.sent_seq, 0) AS viewer_sent
FROM {values_table(dialect, _KEYS)}
{" ".join(join_by_key(dialect, *join, outer=True) for join in joins)}"""


async def read_views(
    connection: BaseDBAsyncClient, dialect: str, pairs: Iterable[Pair]
) -> dict[Pair, View]:
    """
    Return what users may see of others, in one query for each `MAX_PAIRS` pairs.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        pairs: each of the user who looks and the user who is looked at.
    """
    views = dict.fromkeys(pairs, EVERYTHING)
    keys = [
        (viewer, owner, single_conv(viewer, owner)) for viewer, owner in views if viewer != owner
    ]
    query = bind_placeholders(dialect, _views(dialect)) if keys else ""
    for start in range(0, len(keys), MAX_PAIRS):
        some = bind_values_table(dialect, keys[start : start + MAX_PAIRS])
        for row in await connection.execute_query_dict(query, some):
            views[row["viewer"], row["owner"]] = _view_of(row)
    return views


def _view_of(row: dict[str, Any]) -> View:
    blocked = row["block_id"] is not None
    are_contacts = row["owner_sent"] > 0 and row["viewer_sent"] > 0
    return View(
        blocked=blocked,
        presence=not blocked
        and (row["presence"] == "everyone" or (row["presence"] == "contacts" and are_contacts)),
        receipts=bool(row["shown"] and row["seen"]),
        read_seq=row["read_seq"] or 0,
        delivered_seq=row["delivered_seq"] or 0,
    )


async def users_who_know(
    connection: BaseDBAsyncClient, dialect: str, user_ids: Collection[int], other_id: int
) -> set[int]:
    """
    Return those users who know another one, because they once wrote to them.

    For all others that user is a stranger.

    Args:
        connection: where to read.
        dialect: "sqlite", "postgres" or "mysql".
        user_ids: the users.
        other_id: the other user, who may be one of them.
    """
    keys = [(single_conv(one, other_id), one) for one in user_ids if one != other_id]
    if not keys:
        return set()
    member = join_by_key(dialect, "member", "m", "m.conv = k.conv AND m.user_id = k.user_id")
    query = f"SELECT m.user_id FROM {values_table(dialect, _KNOWING)} {member} WHERE m.sent_seq > 0"
    rows = await connection.execute_query_dict(
        bind_placeholders(dialect, query), bind_values_table(dialect, keys)
    )
    return {row["user_id"] for row in rows}
