"""Pieces of many conversations in one query, each by its index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from services.wire import WireMessage

Range = tuple[str, int, int]
"""A conversation, the seq after which to begin, and the seq to end with."""

# Each range is looked up by (conv, seq); none of these scans the table, however large it is.
_FROM = {
    "sqlite": """json_each(?) k
CROSS JOIN message m ON m.conv = k.value->>0 AND m.seq > k.value->>1 AND m.seq <= k.value->>2""",
    "postgres": """unnest($1::text[], $2::bigint[], $3::bigint[]) k (conv, low, high)
CROSS JOIN LATERAL
    (SELECT * FROM message WHERE conv = k.conv AND seq > k.low AND seq <= k.high) m""",
    "mysql": """JSON_TABLE(%s, '$[*]' COLUMNS (
    conv VARCHAR(48) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[0]',
    low BIGINT PATH '$[1]', high BIGINT PATH '$[2]')) k
STRAIGHT_JOIN message m ON m.conv = k.conv AND m.seq > k.low AND m.seq <= k.high""",
}


def range_query(
    dialect: str, columns: str, ranges: Sequence[Range], condition: str = "true"
) -> tuple[str, list[Any]]:
    """
    Give a query for the entries of ranges, in no order, and its values.

    Args:
        dialect: "sqlite", "postgres" or "mysql".
        columns: what to read of each entry, `m`.
        ranges: those of one conversation have no entry in common.
        condition: which of the entries.
    """
    values: list[Any] = [msgspec.json.encode(ranges).decode()]
    if dialect == "postgres":
        values = [list(column) for column in zip(*ranges, strict=True)]
    return f"SELECT {columns} FROM {_FROM[dialect]} WHERE {condition}", values  # noqa: S608 - constants only


async def read_ranges(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range]
) -> dict[str, list[WireMessage]]:
    """
    Give the messages of several ranges, by conversation and in order.

    Args:
        connection: where to read.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: those of one conversation have no entry in common.
    """
    found: dict[str, list[WireMessage]] = {}
    for row in await _read(connection, dialect, ranges, "m.*"):
        found.setdefault(row["conv"], []).append(WireMessage.of_columns(row))
    for messages in found.values():
        messages.sort(key=lambda message: message.seq)
    return found


async def read_authors(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range]
) -> dict[str, list[tuple[int, int]]]:
    """
    Give seq and author of each entry of several ranges, by conversation and in order.

    Args:
        connection: where to read.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: those of one conversation have no entry in common.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for row in await _read(connection, dialect, ranges, "m.conv, m.seq, m.from_id"):
        found.setdefault(row["conv"], []).append((row["seq"], row["from_id"]))
    for entries in found.values():
        entries.sort()
    return found


async def _read(
    connection: BaseDBAsyncClient, dialect: str, ranges: Sequence[Range], columns: str
) -> list[dict[str, Any]]:
    if not ranges:
        return []
    return await connection.execute_query_dict(*range_query(dialect, columns, ranges))
