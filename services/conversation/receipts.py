"""Receipts: pushes about cursors that moved, to the users who may see them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from services.contact.sql import read_views
from services.conversation.sql.cursors import Moved
from services.conversation.sql.memberships import read_members
from services.conversation.sql.ranges import Range, read_authors
from services.database import Database
from services.load.monitor import LoadMonitor
from services.load.postponed import Postponed
from services.push.delivery import Delivery
from services.wire import single_users

MAX_RECEIPT_EVENTS = 100
"""The last events that a cursor passed, whose authors are notified in a group."""


class Receipts:
    """
    Pushes receipts to both users of a pair, and in a group to the authors of the events passed.

    Blocked users get none. Users who do not show what they have read, and users to whom they would
    show it but who do not show it themselves, get only what was delivered.

    Args:
        database: the database to find authors in.
        delivery: pushes to sockets.
        load: of this worker.
        logger: for receipts that fail.
    """

    def __init__(
        self, database: Database, delivery: Delivery, load: LoadMonitor, logger: logging.Logger
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._postponed: Postponed[tuple[int, str], Moved] = Postponed(
            load, self._push, database.unavailable_errors, logger, _joined
        )

    async def announce(self, moved: Sequence[Moved]) -> None:
        """Push a receipt for each cursor after its commit, or later if the worker is busy."""
        if not self._postponed.put({(one.user_id, one.conv): one for one in moved}):
            await self._push(moved)

    async def close(self) -> None:
        """Push the receipts that wait."""
        await self._postponed.close()

    async def _push(self, moved: Sequence[Moved]) -> None:
        """Push receipts, with three queries at most for all."""
        authors = await self._authors([one for one in moved if not single_users(one.conv)])
        recipients = [
            {one.user_id, *single_users(one.conv), *authors.get((one.user_id, one.conv), ())}
            for one in moved
        ]
        views = await read_views(
            self._database.connection,
            self._database.dialect,
            [
                (to, one.user_id)
                for one, users in zip(moved, recipients, strict=True)
                for to in users
            ],
        )
        for one, users in zip(moved, recipients, strict=True):
            seen = {to: views[to, one.user_id] for to in users}
            full = {to for to, view in seen.items() if view.receipts and not view.blocked}
            self._delivery.send("receipt", _receipt(one), full)
            if one.delivered_moved:
                rest = {to for to in users - full if not seen[to].blocked}
                self._delivery.send("receipt", _delivered(one), rest)

    async def _authors(self, moved: Sequence[Moved]) -> dict[tuple[int, str], set[int]]:
        """Return by member the authors of the events passed who are still in the group."""
        if not moved:
            return {}
        connection, dialect = self._database.connection, self._database.dialect
        events = await read_authors(connection, dialect, _merged(map(_passed, moved)))
        wrote = {
            (one.user_id, one.conv): {
                author for seq, author in events.get(conv, ()) if low < seq <= high
            }
            for one, (conv, low, high) in zip(moved, map(_passed, moved), strict=True)
        }
        pairs = {(conv, author) for (_, conv), found in wrote.items() for author in found}
        if not pairs:
            return {}
        members = await read_members(connection, dialect, sorted(pairs))
        return {
            key: {author for author in found if (key[1], author) in members}
            for key, found in wrote.items()
        }


def _joined(moved: Moved, later: Moved) -> Moved:
    """Return one move for two moves of a member, the later of which begins where the first ends."""
    return Moved(
        later.user_id,
        later.conv,
        (moved.delivered[0], later.delivered[1]),
        (moved.read[0], later.read[1]),
    )


def _receipt(moved: Moved) -> dict[str, Any]:
    receipt: dict[str, Any] = {"conv": moved.conv, "user_id": moved.user_id}
    if moved.read_moved:
        receipt["read_seq"] = moved.read[1]
    # A read receipt implies delivery.
    if moved.delivered_moved and not (moved.read_moved and moved.delivered[1] <= moved.read[1]):
        receipt["delivered_seq"] = moved.delivered[1]
    return receipt


def _delivered(moved: Moved) -> dict[str, Any]:
    """Return a receipt that does not show what was read."""
    return {"conv": moved.conv, "user_id": moved.user_id, "delivered_seq": moved.delivered[1]}


def _passed(moved: Moved) -> Range:
    """Return the range of events that a cursor passed; of a long one, the last events."""
    steps = [step for step in (moved.delivered, moved.read) if step[0] < step[1]]
    high = max(after for _, after in steps)
    return moved.conv, max(min(before for before, _ in steps), high - MAX_RECEIPT_EVENTS), high


def _merged(ranges: Any) -> list[Range]:
    """Merge ranges that overlap."""
    found: list[Range] = []
    for conv, low, high in sorted(ranges):
        if found and found[-1][0] == conv and low <= found[-1][2]:
            found[-1] = (conv, found[-1][1], max(high, found[-1][2]))
        else:
            found.append((conv, low, high))
    return found
