"""SQL that differs between SQLite, PostgreSQL and MariaDB: placeholders, joins, lists of keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

ColumnType = Literal["text", "int"]

_PLACEHOLDERS = {"sqlite": "?", "mysql": "%s"}
_POSTGRES_ARRAYS = {"text": "text[]", "int": "bigint[]"}
_MYSQL_TYPES = {
    "text": "VARCHAR(48) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "int": "BIGINT",
}


def bind_placeholders(dialect: str, query: str) -> str:
    """
    Return *query* with the placeholders of a database.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        query: SQL with `?` for each value.
    """
    if dialect != "postgres":
        return query.replace("?", _PLACEHOLDERS[dialect])
    first, *rest = query.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


def big_integer(dialect: str) -> str:
    """Return the type to which CAST converts an id."""
    return {"sqlite": "INTEGER", "postgres": "BIGINT"}.get(dialect, "SIGNED")


def join_by_key(
    dialect: str, table: str, alias: str, condition: str, *, outer: bool = False
) -> str:
    """
    Return a join with the one row that *condition* finds by a unique index.

    The row is looked up and the table never scanned, however large it is and whatever the
    database estimates.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        table: the table to join.
        alias: its name in the query.
        condition: equality with unique columns.
        outer: whether to keep the left side where there is no such row.
    """
    return _join(dialect, table, alias, f"{condition} LIMIT 1", condition, outer=outer)


def join_by_range(dialect: str, table: str, alias: str, condition: str) -> str:
    """
    Return a join with all rows that *condition* finds by an index.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        table: the table to join.
        alias: its name in the query.
        condition: equality and a range of indexed columns.
    """
    return _join(dialect, table, alias, condition, condition, outer=False)


def _join(
    dialect: str, table: str, alias: str, lateral: str, condition: str, *, outer: bool
) -> str:
    quoted = f"`{table}`" if dialect == "mysql" else f'"{table}"'
    if dialect == "postgres":
        found = f"LATERAL (SELECT * FROM {quoted} {alias} WHERE {lateral}) {alias}"
        return f"LEFT JOIN {found} ON true" if outer else f"CROSS JOIN {found}"
    # Both keep the order of the tables: the left side first.
    inner = "CROSS JOIN" if dialect == "sqlite" else "STRAIGHT_JOIN"
    return f"{'LEFT JOIN' if outer else inner} {quoted} {alias} ON {condition}"


def values_table(dialect: str, columns: Mapping[str, ColumnType]) -> str:
    """
    Return a list of rows as the table `k`; its placeholders are the first of the query.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        columns: the type of each column. A further one, `place`, counts the rows from 0.
    """
    if dialect == "sqlite":
        named = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(columns))
        return f"(SELECT key AS place, {named} FROM json_each(?)) k"
    if dialect == "postgres":
        arrays = ", ".join(f"?::{_POSTGRES_ARRAYS[kind]}" for kind in columns.values())
        names = ", ".join(columns)
        return (
            f"(SELECT place - 1 AS place, {names} FROM unnest({arrays})"
            f" WITH ORDINALITY u ({names}, place)) k"
        )
    described = ", ".join(
        f"{name} {_MYSQL_TYPES[kind]} PATH '$[{place + 1}]'"
        for place, (name, kind) in enumerate(columns.items())
    )
    return f"JSON_TABLE(?, '$[*]' COLUMNS (place BIGINT PATH '$[0]', {described})) k"


def bind_values_table(dialect: str, rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Return the values for the placeholders of `values_table`; at least one row."""
    if dialect == "postgres":
        return [list(column) for column in zip(*rows, strict=True)]
    if dialect == "mysql":
        rows = [(place, *row) for place, row in enumerate(rows)]
    return [msgspec.json.encode(list(rows)).decode()]
