"""Resuming: what a client missed, in order, in as many queries for one conversation as for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.conversation.sql.memberships import Membership, read_memberships
from services.conversation.sql.ranges import Range, read_ranges
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

LARGEST = 2000
"""Messages of one answer, over all conversations."""


class Missed(msgspec.Struct):
    """What one conversation has for a client."""

    conv: str
    chat_type: str = "single"
    last_seq: int = 0
    join_seq: int = 0
    """Nothing up to here was ever for this member."""
    delivered_seq: int = 0
    read_seq: int = 0
    unread: int = 0
    pin_time: int = 0
    quiet: int = 0
    hidden_seq: int = 0
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
        database = self.ctx.app.orm
        connection, dialect = database.connection, database.dialect
        members = await read_memberships(connection, dialect, user_id)
        ranges: list[Range] = []
        room = LARGEST
        for one in members:
            after, upto = _missing(one, cursors.get(one.conv), limit)
            upto = min(upto, after + room)
            room -= upto - after
            ranges.append((one.conv, after, upto))
        found = await read_ranges(
            connection,
            dialect,
            [(conv, after, upto) for conv, after, upto in ranges if upto > after],
        )
        missed = [
            Missed(
                conv=one.conv,
                chat_type=one.chat_type,
                last_seq=one.last_seq,
                join_seq=one.join_seq,
                delivered_seq=one.delivered_seq,
                read_seq=one.read_seq,
                unread=one.unread,
                pin_time=one.pin_time,
                quiet=one.quiet,
                hidden_seq=one.hidden_seq,
                messages=found.get(one.conv, []),
                more=upto < one.last_seq,
            )
            for one, (_, _, upto) in zip(members, ranges, strict=True)
        ]
        there = {one.conv for one in members}
        missed += [Missed(conv, gone=True) for conv in cursors if conv not in there]
        return Synced(missed, more=room == 0 and any(one.more for one in missed))


def _missing(member: Membership, cursor: int | None, limit: int) -> tuple[int, int]:
    """Give after which seq to begin, and where to end."""
    if cursor is None:
        return max(member.join_seq, member.last_seq - limit), member.last_seq
    after = max(member.join_seq, min(cursor, member.last_seq))
    return after, min(member.last_seq, after + limit)
