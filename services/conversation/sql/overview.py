"""The queries of the conversation list."""

from __future__ import annotations

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from services.conversation.overview import Overview, Place, Unread, overview_of
from services.sql import big_integer, bind_placeholders, join_by_key
from services.wire import WireMessage

# A hidden conversation is listed again with its next event. One without events is listed.
_SHOWN = "m.user_id = ? AND (m.hidden_seq = 0 OR c.last_seq > m.hidden_seq)"
_HIDDEN = "m.user_id = ? AND m.hidden_seq > 0 AND c.last_seq <= m.hidden_seq"
_AFTER = """ AND (m.pin_time < ? OR (m.pin_time = ? AND
    (c.update_time < ? OR (c.update_time = ? AND m.conv > ?))))"""
_OF_PAGE = """m.user_id, m.conv, m.join_seq, m.read_seq, m.delivered_seq, m.read_number,
    m.pin_time, m.quiet, c.chat_type, c.last_seq, c.last_number, c.update_time"""
PREVIEW_TEXT_CHARACTERS = 200
"""Characters of the last message in the list, if it is a text."""
PREVIEW_DATA_CHARACTERS = 2000
"""Characters of any other last message."""
_LAST = WireMessage.__struct_fields__
_COLUMNS = {
    **{name.split(".")[1]: f"p.{name.split('.')[1]}" for name in _OF_PAGE.split(",")},
    "peer_id": "u.id",
    "username": "u.username",
    "nickname": "u.nickname",
    "avatar": "u.avatar",
    "peer_read_seq": "coalesce(o.read_seq, p.read_seq)",
    "peer_delivered_seq": "coalesce(o.delivered_seq, p.delivered_seq)",
    "group_id": "g.id",
    "group_name": "g.name",
    "group_avatar": "g.avatar",
    "member_count": "g.member_count",
    **{f"l_{name}": f"l.{name}" for name in _LAST},
    "l_data": f"CASE WHEN l.type = 'text' THEN substr(l.data, 1, {PREVIEW_TEXT_CHARACTERS + 1})"
    f" ELSE substr(l.data, 1, {PREVIEW_DATA_CHARACTERS + 1}) END",
}
"""Name to expression of each column of the list; `p` is the page."""
_NAMES = tuple(_COLUMNS)


def _list(dialect: str, *, after: bool, hidden: bool) -> str:
    """Return the query of a page. The page is selected first, so joins cost only its rows."""
    peer = "CASE WHEN p.chat_type = 'single' THEN coalesce(o.user_id, p.user_id) END"
    group = (
        "CASE WHEN p.chat_type = 'group'"
        f" THEN CAST(substr(p.conv, 3) AS {big_integer(dialect)}) END"
    )
    single = "CASE WHEN p.chat_type = 'single' THEN p.conv END"
    joins = (
        join_by_key(
            dialect, "member", "o", f"o.conv = {single} AND o.user_id <> p.user_id", outer=True
        ),
        join_by_key(dialect, "user", "u", f"u.id = {peer}", outer=True),
        join_by_key(dialect, "chat_group", "g", f"g.id = {group}", outer=True),
        join_by_key(
            dialect,
            "message",
            "l",
            "l.conv = p.conv AND l.seq = p.last_seq AND l.seq > p.join_seq",
            outer=True,
        ),
    )
    return f"""
SELECT {", ".join(f"{column} AS {name}" for name, column in _COLUMNS.items())}
FROM (
    SELECT {_OF_PAGE}
    FROM member m {join_by_key(dialect, "conversation", "c", "c.conv = m.conv")}
    WHERE {_HIDDEN if hidden else _SHOWN}{_AFTER if after else ""}
    ORDER BY m.pin_time DESC, c.update_time DESC, m.conv LIMIT ?
) p {" ".join(joins)}
ORDER BY p.pin_time DESC, p.update_time DESC, p.conv"""


async def read_overview(
    connection: BaseDBAsyncClient,
    dialect: str,
    user_id: int,
    limit: int,
    after: Place | None,
    *,
    hidden: bool = False,
) -> list[Overview]:
    """
    Return a page of the list: the pinned conversations, then the rest, the latest first.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        user_id: the member.
        limit: the largest number of conversations.
        after: the end of the previous page.
        hidden: list the hidden conversations instead.
    """
    values: list[Any] = [user_id]
    if after is not None:
        pin_time, update_time, conv = after
        values += [pin_time, pin_time, update_time, update_time, conv]
    query = bind_placeholders(dialect, _list(dialect, after=after is not None, hidden=hidden))
    rows: Any
    _, rows = await connection.execute_query(query, [*values, limit])
    # By position, because a row of SQLite finds a name only by searching all names.
    found = (row.values() if isinstance(row, dict) else tuple(row) for row in rows)
    return [_overview(dict(zip(_NAMES, values, strict=True))) for values in found]


def _overview(row: dict[str, Any]) -> Overview:
    """Return the list's entry for a row, which has at most one character more than a preview."""
    data, is_text = row["l_data"], row["l_type"] == "text"
    limit = PREVIEW_TEXT_CHARACTERS if is_text else PREVIEW_DATA_CHARACTERS
    is_cut = data is not None and len(data) > limit
    if is_cut:
        row["l_data"] = data[:limit]
    found = overview_of(row)
    found.is_cut = is_cut
    return found


async def read_unread(connection: BaseDBAsyncClient, dialect: str, user_id: int) -> Unread:
    """Count a user's unread messages in the conversations that the list shows."""
    unread = "c.last_number - m.read_number"
    query = f"""
        SELECT coalesce(sum({unread}), 0) AS total, coalesce(sum(m.quiet * ({unread})), 0) AS quiet,
            count(*) AS conversations
        FROM member m {join_by_key(dialect, "conversation", "c", "c.conv = m.conv")}
        WHERE {_SHOWN} AND c.last_number > m.read_number"""
    [row] = await connection.execute_query_dict(bind_placeholders(dialect, query), [user_id])
    return Unread(*(int(row[name]) for name in Unread.__struct_fields__))
