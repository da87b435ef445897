"""Reads what the rules in `services/message/permission.py` need, for one sender."""

from __future__ import annotations

from tortoise.backends.base.client import BaseDBAsyncClient

from services.message.permission import ONESELF, GroupMembership, Relation
from services.sql import bind_placeholders
from services.wire import group_conv, single_conv

_RELATION = """
SELECT EXISTS (SELECT 1 FROM block WHERE user_id = ? AND blocked_id = ?) AS blocked,
    (SELECT strangers FROM preference WHERE user_id = ?) AS strangers,
    (SELECT sent_seq FROM member WHERE conv = ? AND user_id = ?) AS sent,
    (SELECT sent_seq FROM member WHERE conv = ? AND user_id = ?) AS answered"""
_MEMBERSHIP = """
SELECT g.version, g.muted AS all_muted, m.role, m.muted_until
FROM chat_group g JOIN member m ON m.conv = ? AND m.user_id = ?
WHERE g.id = ? AND g.dissolve_time IS NULL"""


async def read_relation(
    connection: BaseDBAsyncClient, dialect: str, sender: int, recipient: int, strangers: str
) -> Relation:
    """
    Return the relation of two users, in one query.

    Args:
        connection: where to read.
        dialect: "sqlite", "postgres" or "mysql".
        sender: the user who wants to write.
        recipient: the other user.
        strangers: the setting `chat.strangers`, for users without a preference.
    """
    if sender == recipient:
        return ONESELF
    conv = single_conv(sender, recipient)
    values = [recipient, sender, recipient, conv, sender, conv, recipient]
    [row] = await connection.execute_query_dict(bind_placeholders(dialect, _RELATION), values)
    return Relation(
        blocked=bool(row["blocked"]),
        strangers=row["strangers"] or strangers,
        sent=bool(row["sent"]),
        answered=bool(row["answered"]),
    )


async def read_membership(
    connection: BaseDBAsyncClient, dialect: str, group_id: int, user_id: int
) -> GroupMembership | None:
    """
    Return a user's membership in a group, in one query; None if there is none.

    Args:
        connection: where to read.
        dialect: "sqlite", "postgres" or "mysql".
        group_id: the group, which may not exist.
        user_id: the user.
    """
    values = [group_conv(group_id), user_id, group_id]
    rows = await connection.execute_query_dict(bind_placeholders(dialect, _MEMBERSHIP), values)
    return GroupMembership(**rows[0]) if rows else None
