"""A user's memberships: conversations with their cursors and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tortoise.backends.base.client import BaseDBAsyncClient

from services.sql import bind_placeholders, bind_values_table, join_by_key, values_table


class Membership(NamedTuple):
    """One user in one conversation."""

    conv: str
    chat_type: str
    join_seq: int
    delivered_seq: int
    read_seq: int
    read_number: int
    pin_time: int
    quiet: int
    hidden_seq: int
    last_seq: int
    last_number: int
    update_time: int

    @property
    def unread(self) -> int:
        """The number of unread messages."""
        return self.last_number - self.read_number


_COLUMNS = ", ".join(
    f"{'c' if name in {'chat_type', 'last_seq', 'last_number', 'update_time'} else 'm'}.{name}"
    for name in Membership._fields
)


async def read_memberships(
    connection: BaseDBAsyncClient,
    dialect: str,
    user_id: int,
    *,
    behind: bool = False,
    after: tuple[int, str] | None = None,
    since: int | None = None,
    limit: int | None = None,
) -> list[Membership]:
    """
    Return a user's memberships, the latest conversation first, in one query.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        user_id: the member.
        behind: only conversations with undelivered events.
        after: only conversations after the one with this `update_time` and name.
        since: only conversations that changed since then, in milliseconds since 1970.
        limit: the largest number of conversations.
    """
    values: list[object] = [user_id]
    conversation = join_by_key(dialect, "conversation", "c", "c.conv = m.conv")
    condition = " AND c.last_seq > m.delivered_seq" if behind else ""
    if after is not None:
        condition += " AND (c.update_time < ? OR (c.update_time = ? AND m.conv > ?))"
        values += [after[0], *after]
    if since is not None:
        condition += " AND c.update_time >= ?"
        values.append(since)
    query = (
        f"SELECT {_COLUMNS} FROM member m {conversation} WHERE m.user_id = ?{condition}"
        " ORDER BY c.update_time DESC, m.conv"
    )
    if limit is not None:
        query += f" LIMIT {limit:d}"
    rows = await connection.execute_query_dict(bind_placeholders(dialect, query), values)
    return [Membership(**row) for row in rows]


async def read_members(
    connection: BaseDBAsyncClient, dialect: str, pairs: Sequence[tuple[str, int]]
) -> set[tuple[str, int]]:
    """
    Return those pairs of conversation and user in which the user is a member.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        pairs: at least one.
    """
    member = join_by_key(dialect, "member", "m", "m.conv = k.conv AND m.user_id = k.user_id")
    table = values_table(dialect, {"conv": "text", "user_id": "int"})
    query = f"SELECT m.conv, m.user_id FROM {table} {member}"
    rows = await connection.execute_query_dict(
        bind_placeholders(dialect, query), bind_values_table(dialect, pairs)
    )
    return {(row["conv"], row["user_id"]) for row in rows}
