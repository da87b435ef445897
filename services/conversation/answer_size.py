"""How much of a conversation fits into one answer, which has a bound in bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from services.conversation.sql.ranges import Range, read_size, read_sizes
from services.wire import WireMessage

MAX_ANSWER_BYTES = 2**20
"""Bytes of the events in one answer. A single larger event is returned alone."""
EVENT_BYTES = 300
"""Bytes of an event beside its content, about."""


async def fit(
    connection: BaseDBAsyncClient,
    dialect: str,
    ranges: Sequence[Range],
    limit: int = MAX_ANSWER_BYTES,
    newest: Collection[str] = (),
) -> list[Range]:
    """
    Return the part of *ranges* whose events fit, before they are read.

    Args:
        connection: the connection to read with.
        dialect: "sqlite", "postgres" or "mysql".
        ranges: in the order of their importance.
        limit: bytes.
        newest: conversations of which the newest events matter; of others the oldest.
    """
    some = [one for one in ranges if one[1] < one[2]]
    count, size = await read_size(connection, dialect, some)
    if size + count * EVENT_BYTES <= limit:
        return list(ranges)
    sizes: dict[str, dict[int, int]] = {}
    for conv, seq, bytes_ in await read_sizes(connection, dialect, some):
        sizes.setdefault(conv, {})[seq] = bytes_ + EVENT_BYTES
    return cut(ranges, sizes, limit, newest)


def cut(
    ranges: Sequence[Range],
    sizes: Mapping[str, Mapping[int, int]],
    limit: int,
    newest: Collection[str] = (),
) -> list[Range]:
    """
    Return the part of *ranges* whose events fit, at least one event.

    Args:
        ranges: in the order of their importance.
        sizes: bytes of each event by conversation and seq.
        limit: bytes.
        newest: conversations of which the newest events matter.
    """
    found: list[Range] = []
    left, is_first, is_full = limit, True, False
    for conv, start, end in ranges:
        after, upto = start, end
        of_conv = sizes.get(conv, {})
        seqs = sorted((seq for seq in of_conv if start < seq <= end), reverse=conv in newest)
        for seq in seqs:
            is_full = is_full or (of_conv[seq] > left and not is_first)
            if is_full:
                after, upto = (seq, end) if conv in newest else (start, seq - 1)
                break
            left -= of_conv[seq]
            is_first = False
        if is_full and not seqs:
            upto = start
        found.append((conv, after, upto))
    return found


def encoded_size(message: WireMessage) -> int:
    """Return the bytes of an event in an answer."""
    return len(msgspec.json.encode(message)) + 1
