"""What is spelled differently in the SQL of SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

Kind = Literal["text", "int"]

_PLACEHOLDERS = {"sqlite": "?", "mysql": "%s"}
_TYPES = {
    "text": ("text[]", "VARCHAR(48) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
    "int": ("bigint[]", "BIGINT"),
}


def spell(dialect: str, query: str) -> str:
    """
    Give *query* with the placeholders of a database.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        query: with `?` for each value.
    """
    if dialect != "postgres":
        return query.replace("?", _PLACEHOLDERS[dialect])
    first, *rest = query.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


def big_integer(dialect: str) -> str:
    """Give the type that CAST makes an id of."""
    return {"sqlite": "INTEGER", "postgres": "BIGINT"}.get(dialect, "SIGNED")


def find(dialect: str, table: str, alias: str, condition: str, *, outer: bool = False) -> str:
    """
    Join the one row that is found by its index, after what stands before it.

    However large the table is, and whatever the database believes of its size, it is looked up
    and never scanned.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        table: where to look.
        alias: its name in the query.
        condition: on unique columns.
        outer: whether what stands before it stays without such a row.
    """
    quoted = f"`{table}`" if dialect == "mysql" else f'"{table}"'
    if dialect == "postgres":
        found = f"LATERAL (SELECT * FROM {quoted} {alias} WHERE {condition} LIMIT 1) {alias}"  # noqa: S608 - constants only
        return f"LEFT JOIN {found} ON true" if outer else f"CROSS JOIN {found}"
    inner = "CROSS JOIN" if dialect == "sqlite" else "STRAIGHT_JOIN"
    return f"{'LEFT JOIN' if outer else inner} {quoted} {alias} ON {condition}"


def keys(dialect: str, columns: Mapping[str, Kind]) -> str:
    """
    Give a list of rows as the table `k`; its placeholders are the first of the query.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        columns: name to kind. One more, `place`, counts the rows from 0.
    """
    if dialect == "sqlite":
        named = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(columns))
        return f"(SELECT key AS place, {named} FROM json_each(?)) k"  # noqa: S608 - constants only
    if dialect == "postgres":
        arrays = ", ".join(f"?::{_TYPES[kind][0]}" for kind in columns.values())
        names = ", ".join(columns)
        return (
            f"(SELECT place - 1 AS place, {names} FROM unnest({arrays})"  # noqa: S608 - constants only
            f" WITH ORDINALITY u ({names}, place)) k"
        )
    described = ", ".join(
        f"{name} {_TYPES[kind][1]} PATH '$[{place + 1}]'"
        for place, (name, kind) in enumerate(columns.items())
    )
    return f"JSON_TABLE(?, '$[*]' COLUMNS (place BIGINT PATH '$[0]', {described})) k"


def key_values(dialect: str, rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Give the values that go in for the placeholders of `keys`; at least one row."""
    if dialect == "postgres":
        return [list(column) for column in zip(*rows, strict=True)]
    if dialect == "mysql":
        rows = [(place, *row) for place, row in enumerate(rows)]
    return [msgspec.json.encode(list(rows)).decode()]
