"""Queries of the `user` table for what its model does not declare."""

from __future__ import annotations

from typing import Any

from services.database import Database
from services.sql import bind_placeholders


def _quote(dialect: str, name: str) -> str:
    return f"`{name}`" if dialect == "mysql" else f'"{name}"'


async def users_without_account(
    database: Database, after: int, limit: int
) -> list[tuple[int, str]]:
    """
    Return ids and usernames of users without a row in `user_account`, by id.

    Args:
        database: the database.
        after: only users with a greater id.
        limit: the largest number of users.
    """
    user = _quote(database.dialect, "user")
    query = (
        f"SELECT u.id, u.username FROM {user} u LEFT JOIN user_account a ON a.user_id = u.id"
        f" WHERE u.id > ? AND a.user_id IS NULL ORDER BY u.id LIMIT {limit:d}"
    )
    rows = await database.connection.execute_query_dict(
        bind_placeholders(database.dialect, query), [after]
    )
    return [(int(row["id"]), str(row["username"])) for row in rows]


async def user_column(database: Database, column: str, user_id: int) -> Any:
    """
    Return the value of a further column of a user, or None.

    Args:
        database: the database.
        column: a name from the configuration: letters, digits and `_`.
        user_id: the user.
    """
    dialect = database.dialect
    query = f"SELECT {_quote(dialect, column)} AS found FROM {_quote(dialect, 'user')} WHERE id = ?"
    rows = await database.connection.execute_query_dict(
        bind_placeholders(dialect, query), [user_id]
    )
    return rows[0]["found"] if rows else None
