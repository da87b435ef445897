"""Resuming: what a client missed, in order, in as many queries for one conversation as for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from models import Conversation, Member
from services.ranges import Range, read_ranges
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

LARGEST = 2000
"""Messages of one answer, over all conversations."""


class Missed(msgspec.Struct):
    """What one conversation has for a client."""

    conv: str
    last_seq: int = 0
    read_seq: int = 0
    unread: int = 0
    messages: list[WireMessage] = []
    more: bool = False
    """There is more after these messages: `pull` it, or sync again."""
    gone: bool = False
    """One is not in this conversation, or not any more."""


class Synced(msgspec.Struct):
    """The answer to `sync`."""

    conversations: list[Missed]
    more: bool
    """Some conversations were cut short, to keep the answer small: sync again from here."""


class SyncService(Service):
    """Brings a client up to date."""

    ctx: Context

    async def sync(self, user_id: int, cursors: dict[str, int], limit: int) -> Synced:
        """
        Give what a user's client has not got.

        Args:
            user_id: who asks.
            cursors: conversation to the last seq that the client has. A conversation that is not
                named gives its newest few messages.
            limit: messages of one conversation at most.
        """
        members = {member.conv: member for member in await Member.filter(user_id=user_id)}
        rows = await Conversation.filter(conv__in=list(members)).order_by("-update_time", "conv")
        ranges: list[Range] = []
        room = LARGEST
        for row in rows:
            after, upto = _missing(row.last_seq, members[row.conv], cursors.get(row.conv), limit)
            upto = min(upto, after + room)
            if upto > after:
                room -= upto - after
                ranges.append((row.conv, after, upto))
        database = self.ctx.app.orm
        found = await read_ranges(database.connection, database.dialect, ranges)
        ends = {conv: upto for conv, _, upto in ranges}
        missed = [
            Missed(
                conv=row.conv,
                last_seq=row.last_seq,
                read_seq=members[row.conv].read_seq,
                unread=row.last_number - members[row.conv].read_number,
                messages=found.get(row.conv, []),
                more=_is_behind(row, cursors.get(row.conv), ends.get(row.conv)),
            )
            for row in rows
        ]
        missed += [Missed(conv, gone=True) for conv in cursors if conv not in members]
        return Synced(missed, more=room == 0 and any(one.more for one in missed))


def _missing(last_seq: int, member: Member, cursor: int | None, limit: int) -> tuple[int, int]:
    """Give after which seq to begin, and where to end."""
    if cursor is None:
        return max(member.join_seq, last_seq - limit), last_seq
    after = max(member.join_seq, min(cursor, last_seq))
    return after, min(last_seq, after + limit)


def _is_behind(row: Conversation, cursor: int | None, end: int | None) -> bool:
    """Tell whether something after the answer's messages is missing still."""
    if end is not None:
        return end < row.last_seq
    return cursor is not None and cursor < row.last_seq
