"""Queries of users and sessions that the models cannot express, on every database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from models import User
from services.database import Database
from services.sql import bind_placeholders, bind_values_table, join_by_key, values_table
from services.wire import single_users

MAX_INT32 = 2**31 - 1
MAX_CHARACTER = "\U0010ffff"
"""A text with it behind is greater than all texts that begin with that text."""


class StoredStanding(NamedTuple):
    """The columns of a user's `Standing`."""

    status: int
    tokens_after: int


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


async def users_with_changed_names(database: Database, after: int, limit: int) -> list[int]:
    """
    Return ids of users whose names are not those of which their search keys were made, in order.

    Args:
        database: the database.
        after: only users with a greater id.
        limit: the largest number of users.
    """
    dialect = database.dialect
    # All of one type: the columns of an existing table may compare without case.
    names = ("u.username", "?", "coalesce(u.nickname, '')")
    joined = f"concat({', '.join(names)})" if dialect == "mysql" else " || ".join(names)
    query = f"""
SELECT u.id FROM {_quote(dialect, "user")} u JOIN user_account a ON a.user_id = u.id
WHERE u.id > ? AND a.delete_time IS NULL
    AND (a.searched_names IS NULL OR a.searched_names <> {joined})
ORDER BY u.id LIMIT {limit:d}"""
    rows = await database.connection.execute_query_dict(
        bind_placeholders(dialect, query), [after, "\n"]
    )
    return [int(row["id"]) for row in rows]


class FoundKey(NamedTuple):
    """A search key that begins with the searched text, and the columns of its user."""

    term: str
    key_id: int
    user: dict[str, Any]
    searched_names: str | None


_SHOWN = "u.id, u.username, u.nickname, u.avatar"
_FOUND_JOINS = (
    ("block", "b", "b.user_id = u.id AND b.blocked_id = ?"),
    ("privacy", "p", "p.user_id = u.id"),
    ("user_account", "a", "a.user_id = u.id"),
)
_MAY_BE_FOUND = "u.status = 1 AND b.id IS NULL AND a.delete_time IS NULL"


async def find_by_key(
    database: Database,
    viewer_id: int,
    text: str,
    place: int,
    after: tuple[str, int],
    limit: int,
    *,
    is_username: bool,
) -> list[FoundKey]:
    """
    Return search keys of one place that begin with *text*, in order.

    Disabled and deleted users are left out, users who blocked the one who asks, and users who
    decided not to be found like this.

    Args:
        database: the database.
        viewer_id: the user who asks.
        text: normalised, at least one character.
        place: the place of the keys.
        after: the key before the first one, by text and id.
        limit: the largest number of keys.
        is_username: whether keys of this place are whole usernames.
    """
    dialect = database.dialect
    joins = " ".join(join_by_key(dialect, *join, outer=True) for join in _FOUND_JOINS)
    user = join_by_key(dialect, "user", "u", "u.id = k.user_id")
    allowed = "coalesce(p.found_by, 'name') = 'name' OR u.id = ?"
    low = max(text, after[0])
    values: list[Any] = [viewer_id, place, low, text + MAX_CHARACTER, *after, viewer_id]
    if is_username:
        allowed += " OR p.found_by = 'prefix' OR (p.found_by = 'username' AND k.term = ?)"
        values.append(text)
    # A range of the index, not LIKE: nothing in the text is a wildcard. NOT instead of OR, which
    # SQLite would look up in two parts and sort.
    query = f"""
SELECT k.term, k.id AS key_id, a.searched_names, {_SHOWN} FROM user_search_key k {user} {joins}
WHERE k.place = ? AND k.term >= ? AND k.term < ? AND NOT (k.term = ? AND k.id <= ?)
    AND {_MAY_BE_FOUND} AND ({allowed})
ORDER BY k.term, k.id LIMIT {limit:d}"""
    rows = await database.connection.execute_query_dict(bind_placeholders(dialect, query), values)
    return [
        FoundKey(row.pop("term"), row.pop("key_id"), row, row.pop("searched_names")) for row in rows
    ]


async def find_by_username(
    database: Database, viewer_id: int, text: str, limit: int
) -> list[dict[str, Any]]:
    """
    Return the columns that others see of users whose username begins with *text*, in order.

    It reads the table itself, so that it finds users whom another application has just added.

    Args:
        database: the database.
        viewer_id: the user who asks.
        text: at least one character.
        limit: the largest number of users.
    """
    dialect = database.dialect
    joins = " ".join(join_by_key(dialect, *join, outer=True) for join in _FOUND_JOINS)
    query = f"""
SELECT {_SHOWN} FROM {_quote(dialect, "user")} u {joins}
WHERE u.username >= ? AND u.username < ? AND {_MAY_BE_FOUND}
    AND (coalesce(p.found_by, 'name') IN ('name', 'prefix') OR u.id = ?
        OR (p.found_by = 'username' AND u.username = ?))
ORDER BY u.username LIMIT {limit:d}"""
    return await database.connection.execute_query_dict(
        bind_placeholders(dialect, query),
        [viewer_id, text, text + MAX_CHARACTER, viewer_id, text],
    )


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


async def comparable_ids(
    connection: BaseDBAsyncClient | None, ids: Collection[int]
) -> Collection[int]:
    """
    Return *ids* without those that the column of an existing `user` table may be too small for.

    PostgreSQL refuses a whole query for one value that its column could not hold. Ids beyond 32
    bits are looked up by a query that compares them, and left out if there is no such user.

    Args:
        connection: a transaction, or None.
        ids: any ids of 64 bits.
    """
    large = [one for one in ids if one > MAX_INT32]
    if not large:
        return ids
    connection = connection or User._meta.db
    dialect = connection.capabilities.dialect
    user = join_by_key(dialect, "user", "u", "u.id = k.id")
    query = f"SELECT u.id FROM {values_table(dialect, {'id': 'int'})} {user}"
    rows = await connection.execute_query_dict(
        bind_placeholders(dialect, query), bind_values_table(dialect, [(one,) for one in large])
    )
    return [one for one in ids if one <= MAX_INT32] + [row["id"] for row in rows]


async def find_changed_accounts(ids: Collection[int]) -> list[tuple[int, int, bool]]:
    """
    Return id, `tokens_after` and whether the account was deleted, of users where either is set.

    It is written as SQL because it is part of every connect.
    """
    if not ids:
        return []
    connection = User._meta.db
    dialect = connection.capabilities.dialect
    account = join_by_key(dialect, "user_account", "a", "a.user_id = k.id")
    query = f"""
SELECT a.user_id, a.tokens_after, a.delete_time
FROM {values_table(dialect, {"id": "int"})} {account}
WHERE a.tokens_after > 0 OR a.delete_time IS NOT NULL"""
    rows = await connection.execute_query_dict(
        bind_placeholders(dialect, query), bind_values_table(dialect, [(one,) for one in ids])
    )
    return [(row["user_id"], row["tokens_after"], row["delete_time"] is not None) for row in rows]


async def find_standings(database: Database, ids: Collection[int]) -> dict[int, StoredStanding]:
    """Return the standing of users by id, in one query; those who do not exist are left out."""
    if not ids:
        return {}
    dialect = database.dialect
    user = join_by_key(dialect, "user", "u", "u.id = k.id")
    account = join_by_key(dialect, "user_account", "a", "a.user_id = u.id", outer=True)
    query = f"""
SELECT u.id, u.status, a.tokens_after
FROM {values_table(dialect, {"id": "int"})} {user} {account}
WHERE a.delete_time IS NULL"""
    rows = await database.connection.execute_query_dict(
        bind_placeholders(dialect, query), bind_values_table(dialect, [(one,) for one in ids])
    )
    return {row["id"]: StoredStanding(row["status"], row["tokens_after"] or 0) for row in rows}


async def find_session_users(database: Database, ids: Collection[str]) -> dict[str, int]:
    """Return the users of sessions that were not ended, by the session's id, in one query."""
    if not ids:
        return {}
    dialect = database.dialect
    values: list[Any] = [list(ids)]
    if dialect == "postgres":
        condition = "id = ANY(?::uuid[])"
    elif dialect == "sqlite":
        condition = "id IN (SELECT value FROM json_each(?))"
        values = [msgspec.json.encode(values[0]).decode()]
    else:
        condition = f"id IN ({', '.join('?' * len(ids))})"
        values = values[0]
    query = f"SELECT id, user_id FROM session WHERE {condition} AND revoke_time IS NULL"
    rows = await database.connection.execute_query_dict(bind_placeholders(dialect, query), values)
    return {str(row["id"]): row["user_id"] for row in rows}


async def people_around(database: Database, user_id: int, limit: int) -> set[int]:
    """
    Return users who share a conversation with a user.

    Args:
        database: the database.
        user_id: the user.
        limit: the largest number of users of conversations of two, and as many of groups.
    """
    dialect, found = database.dialect, set[int]()
    query = "SELECT conv FROM member WHERE user_id = ? AND conv LIKE 's:%'"
    for kind in (
        f"{query} LIMIT {limit:d}",
        "SELECT DISTINCT o.user_id FROM member o WHERE o.conv IN (SELECT m.conv FROM member m"
        f" WHERE m.user_id = ? AND m.conv LIKE 'g:%') LIMIT {limit:d}",
    ):
        # `%` would be a placeholder on MySQL.
        bound = bind_placeholders(dialect, kind.replace("%", "%%" if dialect == "mysql" else "%"))
        rows = await database.connection.execute_query_dict(bound, [user_id])
        for row in rows:
            found.update(single_users(row["conv"]) if "conv" in row else [int(row["user_id"])])
    return found
