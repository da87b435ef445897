"""Telling those concerned how far somebody is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.conversation.sql.cursors import Moved
from services.conversation.sql.memberships import read_members
from services.conversation.sql.ranges import Range, read_authors
from services.database import Database
from services.push.delivery import Delivery
from services.wire import pair

FARTHEST = 100
"""How many entries back the authors in a group are told that somebody passed them."""


class Receipts:
    """
    Pushes cursors that moved: to both of two people; in a group to whoever wrote what was passed.

    Args:
        database: where the authors are found.
        delivery: the way to sockets.
    """

    def __init__(self, database: Database, delivery: Delivery) -> None:
        self._database = database
        self._delivery = delivery

    async def tell(self, moved: Sequence[Moved]) -> None:
        """Push a receipt for each, after the commit; two queries at most, for all of them."""
        authors = await self._authors([one for one in moved if not pair(one.conv)])
        for one in moved:
            concerned = {one.user_id, *pair(one.conv), *authors.get((one.user_id, one.conv), ())}
            self._delivery.send("receipt", _receipt(one), concerned)

    async def _authors(self, moved: Sequence[Moved]) -> dict[tuple[int, str], set[int]]:
        """Give by member who wrote what the member passed, and is in the group still."""
        if not moved:
            return {}
        connection, dialect = self._database.connection, self._database.dialect
        entries = await read_authors(connection, dialect, _merged(map(_passed, moved)))
        wrote = {
            (one.user_id, one.conv): {
                author for seq, author in entries.get(conv, ()) if low < seq <= high
            }
            for one, (conv, low, high) in zip(moved, map(_passed, moved), strict=True)
        }
        pairs = {(conv, author) for (_, conv), found in wrote.items() for author in found}
        if not pairs:
            return {}
        there = await read_members(connection, dialect, sorted(pairs))
        return {
            key: {author for author in found if (key[1], author) in there}
            for key, found in wrote.items()
        }


def _receipt(moved: Moved) -> dict[str, Any]:
    told: dict[str, Any] = {"conv": moved.conv, "user_id": moved.user_id}
    if moved.read_moved:
        told["read_seq"] = moved.read[1]
    # What is read has arrived: that needs no word of its own.
    if moved.delivered_moved and not (moved.read_moved and moved.delivered[1] <= moved.read[1]):
        told["delivered_seq"] = moved.delivered[1]
    return told


def _passed(moved: Moved) -> Range:
    """Give what the member passed, the last of it where it is much."""
    steps = [step for step in (moved.delivered, moved.read) if step[0] < step[1]]
    high = max(after for _, after in steps)
    return moved.conv, max(min(before for before, _ in steps), high - FARTHEST), high


def _merged(ranges: Any) -> list[Range]:
    """Give the same entries with none of them twice."""
    found: list[Range] = []
    for conv, low, high in sorted(ranges):
        if found and found[-1][0] == conv and low <= found[-1][2]:
            found[-1] = (conv, found[-1][1], max(high, found[-1][2]))
        else:
            found.append((conv, low, high))
    return found
