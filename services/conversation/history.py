"""The history of conversations: pages, missed events, undelivered messages."""

from __future__ import annotations

from collections import deque

import msgspec

from models import Member, Message
from services import Service
from services.conversation.sql.memberships import Membership, read_memberships
from services.conversation.sql.ranges import Range, read_ranges
from services.conversation.visibility import visible
from services.errors import NoConversation
from services.wire import WireMessage, single_users

MAX_SYNC_MESSAGES = 2000
"""Messages in one answer to `sync`, over all conversations."""
MAX_UNDELIVERED_WINDOW = 2000
"""Events that are read at once in search of messages from others."""


class Page(msgspec.Struct):
    """A page of a conversation, in the order of `seq`."""

    messages: list[WireMessage]
    more: bool


class Missed(msgspec.Struct):
    """What a client has missed in one conversation, and the member's settings there."""

    conv: str
    chat_type: str = "single"
    last_seq: int = 0
    join_seq: int = 0
    """The member sees only events after this one."""
    delivered_seq: int = 0
    read_seq: int = 0
    unread: int = 0
    pin_time: int = 0
    quiet: int = 0
    hidden_seq: int = 0
    messages: list[WireMessage] = []
    more: bool = False
    """There are more events after these: `pull` them, or sync again."""
    gone: bool = False
    """The user is not a member of this conversation, or no longer."""


class Synced(msgspec.Struct):
    """The answer to `sync`."""

    conversations: list[Missed]
    more: bool
    """Some conversations were cut short to keep the answer small: sync again from here."""


class HistoryService(Service):
    """Reads messages and events of a user's conversations."""

    async def page(
        self, user_id: int, conv: str, *, before: int | None, after: int | None, limit: int
    ) -> Page:
        """
        Return a page of a conversation.

        Args:
            user_id: the reader.
            conv: the conversation.
            before: only events with a smaller seq: the page ends there.
            after: only events with a greater seq: the page begins there. Without either, the
                latest events.
            limit: the largest number of events.

        Raises:
            NoConversation: it does not exist, or the user is not a member.
        """
        member = await Member.get_or_none(conv=conv, user_id=user_id)
        if member is None:
            if user_id in single_users(conv):
                return Page([], more=False)  # the two have not written to each other yet
            raise NoConversation
        query = Message.filter(conv=conv, seq__gt=max(member.join_seq, after or 0))
        if before is not None:
            query = query.filter(seq__lt=before)
        order = "seq" if after is not None else "-seq"
        rows = await query.order_by(order).limit(limit + 1)
        more = len(rows) > limit
        page = sorted(rows[:limit], key=lambda row: row.seq)
        return Page([visible(WireMessage.of(row), member.join_seq) for row in page], more)

    async def missed(self, user_id: int, cursors: dict[str, int], limit: int) -> Synced:
        """
        Return what a user's client has missed, in two queries for any number of conversations.

        Args:
            user_id: the user.
            cursors: conversation to the last seq that the client has. A conversation that is
                missing here is answered with its newest events.
            limit: the largest number of events of one conversation.
        """
        database = self.ctx.app.orm
        connection, dialect = database.connection, database.dialect
        members = await read_memberships(connection, dialect, user_id)
        ranges: list[Range] = []
        room = MAX_SYNC_MESSAGES
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
                messages=[visible(event, one.join_seq) for event in found.get(one.conv, ())],
                more=upto < one.last_seq,
            )
            for one, (_, _, upto) in zip(members, ranges, strict=True)
        ]
        there = {one.conv for one in members}
        missed += [Missed(conv, gone=True) for conv in cursors if conv not in there]
        return Synced(missed, more=room == 0 and any(one.more for one in missed))

    async def undelivered(self, user_id: int, limit: int, *, ack: bool) -> list[WireMessage]:
        """
        Return what others wrote after the delivered cursors.

        Args:
            user_id: the owner of the cursors.
            limit: the largest number of messages; the next call returns the rest.
            ack: whether the client itself acknowledges what it has received. If not, the cursors
                move past what this returns, and no further.

        Returns:
            messages by time; those of one conversation by seq.
        """
        database = self.ctx.app.orm
        connection, dialect = database.connection, database.dialect
        # Read before the messages: what is committed later is left for the next call.
        behind = await read_memberships(connection, dialect, user_id, behind=True)
        left = deque(
            (one.conv, max(one.join_seq, one.delivered_seq), one.last_seq) for one in behind
        )
        join_seqs = {one.conv: one.join_seq for one in behind}
        found: list[WireMessage] = []
        passed: dict[str, int] = {}
        window = limit
        while left and len(found) < limit:
            ranges = _take(left, window)
            events = await read_ranges(connection, dialect, ranges)
            for conv, _, upto in ranges:
                others = [
                    visible(one, join_seqs[conv])
                    for one in events.get(conv, ())
                    if one.from_id != user_id
                ]
                some = others[: limit - len(found)]
                found += some
                if len(some) == len(others):
                    passed[conv] = upto  # the user's own events in between are passed, too
                elif some:
                    passed[conv] = some[-1].seq
            # If there were only the user's own events, look at more of them at once.
            window = min(4 * window, MAX_UNDELIVERED_WINDOW)
        if ack:
            carried = {one.conv for one in found}
            passed = {conv: seq for conv, seq in passed.items() if conv not in carried}
        await self.ctx.service.conversation.cursors.passed(user_id, passed)
        found.sort(key=lambda one: (one.create_time, one.conv, one.seq))
        return found


def _missing(member: Membership, cursor: int | None, limit: int) -> tuple[int, int]:
    """Return the seq after which a client's missing events begin, and the seq of the last."""
    if cursor is None:
        return max(member.join_seq, member.last_seq - limit), member.last_seq
    after = max(member.join_seq, min(cursor, member.last_seq))
    return after, min(member.last_seq, after + limit)


def _take(left: deque[Range], window: int) -> list[Range]:
    """Take the next *window* events from what is left, at most."""
    ranges: list[Range] = []
    while left and window:
        conv, after, last = left.popleft()
        upto = min(last, after + window)
        window -= upto - after
        ranges.append((conv, after, upto))
        if upto < last:
            left.appendleft((conv, upto, last))
    return ranges
