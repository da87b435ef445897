"""Ranges of events in many conversations, read with one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from services.sql import (
    ColumnType,
    bind_placeholders,
    bind_values_table,
    join_by_range,
    values_table,
)
from services.wire import WireMessage

Range = tuple[str, int, int]
"""A conversation, the seq before the first event, and the seq of the last."""

_COLUMNS: dict[str, ColumnType] = {"conv": "text", "low": "int", "high": "int"}
_IN_RANGE = "m.conv = k.conv AND m.seq > k.low AND m.seq <= k.high"


def range_query(
    dialect: str, columns: str, ranges: Sequence[Range], condition: str = "true"
) -> tuple[str, list[Any]]:
    """
    Return a query for the events of ranges, in no order, and its values.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        columns: the columns to read of each event, `m`.
        ranges: at least one; those of one conversation do not overlap.
        condition: a further condition on the events.
    """
    table = values_table(dialect, _COLUMNS)
    message = join_by_range(dialect, "message", "m", _IN_RANGE)
    query = f"SELECT {columns} FROM {table} {message} WHERE {condition}"
    return bind_placeholders(dialect, query), bind_values_table(dialect, ranges)


async def read_ranges(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range]
) -> dict[str, list[WireMessage]]:
    """
    Return the events of several ranges, by conversation and in order.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: those of one conversation do not overlap.
    """
    found: dict[str, list[WireMessage]] = {}
    for row in await _read(connection, dialect, ranges, "m.*"):
        found.setdefault(row["conv"], []).append(WireMessage.of_columns(row))
    for messages in found.values():
        messages.sort(key=lambda message: message.seq)
    return found


async def read_size(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range]
) -> tuple[int, int]:
    """
    Return the number of the events of several ranges, and the bytes of their contents.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: those of one conversation do not overlap.
    """
    columns = f"count(*) AS events, coalesce(sum({_size(dialect)}), 0) AS size"
    found = await _read(connection, dialect, ranges, columns)
    return (int(found[0]["events"]), int(found[0]["size"])) if found else (0, 0)


async def read_sizes(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range]
) -> list[tuple[str, int, int]]:
    """
    Return conversation, seq and bytes of the content of each event of several ranges.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: those of one conversation do not overlap.
    """
    columns = f"m.conv, m.seq, {_size(dialect)} AS size"
    found = await _read(connection, dialect, ranges, columns)
    return [(row["conv"], row["seq"], int(row["size"])) for row in found]


def _size(dialect: str) -> str:
    """Return the expression of the bytes of an event's content."""
    if dialect == "sqlite":
        return "length(CAST(m.data AS BLOB)) + coalesce(length(m.options), 0)"
    return "octet_length(m.data) + coalesce(octet_length(m.options), 0)"


async def read_authors(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range]
) -> dict[str, list[tuple[int, int]]]:
    """
    Return seq and author of each event of several ranges, by conversation and in order.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: those of one conversation do not overlap.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for row in await _read(connection, dialect, ranges, "m.conv, m.seq, m.from_id"):
        found.setdefault(row["conv"], []).append((row["seq"], row["from_id"]))
    for events in found.values():
        events.sort()
    return found


async def _read(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range], columns: str
) -> list[dict[str, Any]]:
    if not ranges:
        return []
    return await connection.execute_query_dict(*range_query(dialect, columns, ranges))
