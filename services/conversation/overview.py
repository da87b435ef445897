"""The list of somebody's conversations, in one query."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from services.account.users import Person
from services.sql import big_integer, find, spell
from services.wire import WireMessage


class GroupCard(msgspec.Struct):
    """What the list shows of a group."""

    id: int
    name: str
    avatar: str
    member_count: int


class Overview(msgspec.Struct):
    """One conversation in the list."""

    conv: str
    chat_type: str
    peer: Person | None
    """The other of the two; None in a group."""
    group: GroupCard | None
    last_seq: int
    join_seq: int
    read_seq: int
    delivered_seq: int
    peer_read_seq: int
    """How far the other is; 0 in a group."""
    peer_delivered_seq: int
    unread: int
    pin_time: int
    quiet: int
    update_time: int
    place: str
    """Where the next page begins, after this one."""
    last: WireMessage | None


class Unread(msgspec.Struct):
    """How much there is to read."""

    total: int
    """Messages, those in quiet conversations too."""
    quiet: int
    """How many of these are in quiet conversations."""
    conversations: int
    """Conversations that they are in."""


class Place(NamedTuple):
    """A place in the order of the list."""

    pin_time: int
    update_time: int
    conv: str

    @classmethod
    def of(cls, text: str) -> Self:
        """
        Read what `Overview.place` says.

        Raises:
            ValueError: it says no such thing.
        """
        pin_time, update_time, conv = text.split(":", 2)
        numbers = int(pin_time), int(update_time)
        if not all(0 <= number < 2**63 for number in numbers):
            raise ValueError(text)
        return cls(*numbers, conv)


# A conversation that was hidden comes back with its next entry. One that has none yet is shown.
_SHOWN = "m.user_id = ? AND (m.hidden_seq = 0 OR c.last_seq > m.hidden_seq)"
_AFTER = """ AND (m.pin_time < ? OR (m.pin_time = ? AND
    (c.update_time < ? OR (c.update_time = ? AND m.conv > ?))))"""
_OF_PAGE = """m.user_id, m.conv, m.join_seq, m.read_seq, m.delivered_seq, m.read_number,
    m.pin_time, m.quiet, c.chat_type, c.last_seq, c.last_number, c.update_time"""
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
}
"""What the list reads, by the names that it gets; `p` is the page."""
_NAMES = tuple(_COLUMNS)


def _list(dialect: str, *, after: bool) -> str:
    """Give the query of a page. The page comes first, so that nothing is looked up for others."""
    peer = "CASE WHEN p.chat_type = 'single' THEN coalesce(o.user_id, p.user_id) END"
    group = (
        "CASE WHEN p.chat_type = 'group'"
        f" THEN CAST(substr(p.conv, 3) AS {big_integer(dialect)}) END"
    )
    single = "CASE WHEN p.chat_type = 'single' THEN p.conv END"
    joins = (
        find(dialect, "member", "o", f"o.conv = {single} AND o.user_id <> p.user_id", outer=True),
        find(dialect, "user", "u", f"u.id = {peer}", outer=True),
        find(dialect, "chat_group", "g", f"g.id = {group}", outer=True),
        find(
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
    FROM member m {find(dialect, "conversation", "c", "c.conv = m.conv")}
    WHERE {_SHOWN}{_AFTER if after else ""}
    ORDER BY m.pin_time DESC, c.update_time DESC, m.conv LIMIT ?
) p {" ".join(joins)}
ORDER BY p.pin_time DESC, p.update_time DESC, p.conv"""  # noqa: S608 - constants only


async def read_overview(
    connection: BaseDBAsyncClient, dialect: str, user_id: int, limit: int, after: Place | None
) -> list[Overview]:
    """
    Give a page of the list: what is pinned, then the rest, the latest first.

    Args:
        connection: where to read.
        dialect: "sqlite", "postgres" or "mysql".
        user_id: whose.
        limit: how many at most.
        after: where the page before ended.
    """
    values: list[Any] = [user_id]
    if after is not None:
        pin_time, update_time, conv = after
        values += [pin_time, pin_time, update_time, update_time, conv]
    query = spell(dialect, _list(dialect, after=after is not None))
    rows: Any
    _, rows = await connection.execute_query(query, [*values, limit])
    # By place and not by name: SQLite's rows look for a name in all of their names.
    found = (row.values() if isinstance(row, dict) else tuple(row) for row in rows)
    return [_overview(dict(zip(_NAMES, values, strict=True))) for values in found]


async def read_unread(connection: BaseDBAsyncClient, dialect: str, user_id: int) -> Unread:
    """Count what somebody has not read, in the conversations that the list shows."""
    unread = "c.last_number - m.read_number"
    query = f"""
        SELECT coalesce(sum({unread}), 0) AS total, coalesce(sum(m.quiet * ({unread})), 0) AS quiet,
            count(*) AS conversations
        FROM member m {find(dialect, "conversation", "c", "c.conv = m.conv")}
        WHERE {_SHOWN} AND c.last_number > m.read_number"""  # noqa: S608 - constants only
    [row] = await connection.execute_query_dict(spell(dialect, query), [user_id])
    return Unread(*(int(row[name]) for name in Unread.__struct_fields__))


def _overview(row: dict[str, Any]) -> Overview:
    conv, single = row["conv"], row["chat_type"] == "single"
    peer = group = last = None
    if row["peer_id"] is not None:
        peer = Person(
            id=row["peer_id"],
            username=row["username"],
            nickname=row["nickname"] or row["username"],
            avatar=row["avatar"] or "",
            online=False,
        )
    if row["group_id"] is not None:
        group = GroupCard(
            id=row["group_id"],
            name=row["group_name"],
            avatar=row["group_avatar"],
            member_count=row["member_count"],
        )
    if row["l_id"] is not None:
        last = WireMessage.of_columns({name: row[f"l_{name}"] for name in _LAST})
    return Overview(
        conv=conv,
        chat_type=row["chat_type"],
        peer=peer,
        group=group,
        last_seq=row["last_seq"],
        join_seq=row["join_seq"],
        read_seq=row["read_seq"],
        delivered_seq=row["delivered_seq"],
        peer_read_seq=row["peer_read_seq"] if single else 0,
        peer_delivered_seq=row["peer_delivered_seq"] if single else 0,
        unread=row["last_number"] - row["read_number"],
        pin_time=row["pin_time"],
        quiet=row["quiet"],
        update_time=row["update_time"],
        place=f"{row['pin_time']}:{row['update_time']}:{conv}",
        last=last,
    )
