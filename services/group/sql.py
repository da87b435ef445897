"""Statements about all members of a group at once.

Thousands of models would delay everybody's messages, so there are none.
"""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

NewMember = tuple[str, int, int, int, int, int, int, int]
"""The values of `_COLUMNS`."""

_COLUMNS = "conv, user_id, role, join_seq, delivered_seq, read_seq, read_number, create_time"


async def insert_members(connection: BaseDBAsyncClient, rows: Sequence[NewMember]) -> None:
    """Insert members with one statement."""
    values = ", ".join(
        f"('{conv}', {', '.join(str(int(number)) for number in numbers)})"
        for conv, *numbers in rows
    )
    await connection.execute_query(f"INSERT INTO member ({_COLUMNS}) VALUES {values}")


async def lock_member_ids(connection: BaseDBAsyncClient, conv: str) -> list[int]:
    """Lock all members of a group in the order of their ids, and return these."""
    lock = " FOR UPDATE" if connection.capabilities.support_for_update else ""
    rows = await connection.execute_query_dict(
        f"SELECT user_id FROM member WHERE conv = '{conv}' ORDER BY user_id{lock}"
    )
    return [row["user_id"] for row in rows]
