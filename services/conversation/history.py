"""The history of conversations: pages of one, and undelivered messages of all."""

from __future__ import annotations

from collections import deque

import msgspec

from models import Member, Message
from services import Service
from services.conversation.answer_size import MAX_ANSWER_BYTES, cut, encoded_size, fit
from services.conversation.sql.memberships import read_memberships
from services.conversation.sql.ranges import Range, read_ranges
from services.conversation.visibility import visible
from services.errors import NoConversation
from services.wire import WireMessage, single_users

MAX_UNDELIVERED_WINDOW = 2000
"""Events that are read at once in search of messages from others."""


class Page(msgspec.Struct):
    """A page of a conversation, in the order of `seq`."""

    messages: list[WireMessage]
    more: bool


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
        is_forward = after is not None
        query = Message.filter(conv=conv, seq__gt=max(member.join_seq, after or 0))
        if before is not None:
            query = query.filter(seq__lt=before)
        order = "seq" if is_forward else "-seq"
        rows = await query.order_by(order).limit(limit + 1).values_list("seq")
        more = len(rows) > limit
        database, found = self.ctx.app.orm, [row[0] for row in rows[:limit]]
        if not found:
            return Page([], more=False)
        # Before they are read: they may have a thousand times as many bytes as fit.
        whole = [(conv, min(found) - 1, max(found))]
        newest = () if is_forward else (conv,)
        ranges = await fit(database.connection, database.dialect, whole, newest=newest)
        events = (await read_ranges(database.connection, database.dialect, ranges)).get(conv, [])
        sizes = {conv: {one.seq: encoded_size(one) for one in events}}
        [(_, low, high)] = cut(ranges, sizes, MAX_ANSWER_BYTES, newest)
        page = [visible(one, member.join_seq) for one in events if low < one.seq <= high]
        return Page(page, more or len(page) < len(found))

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
        window, room = limit, MAX_ANSWER_BYTES
        while left and len(found) < limit and (room > 0 or not found):
            ranges = _take(left, window)
            ranges, rest = await self._fit_undelivered(ranges, room, is_first=not found)
            left.extendleft(reversed(rest))
            if not ranges:
                break
            events = await read_ranges(connection, dialect, ranges)
            for conv, _, upto in ranges:
                others = [
                    visible(one, join_seqs[conv])
                    for one in events.get(conv, ())
                    if one.from_id != user_id
                ]
                some = others[: limit - len(found)]
                found += some
                room -= sum(encoded_size(one) for one in some)
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

    async def _fit_undelivered(
        self, ranges: list[Range], room: int, *, is_first: bool
    ) -> tuple[list[Range], list[Range]]:
        """Return the part of *ranges* that fits, which may be empty unless it is the first."""
        database = self.ctx.app.orm
        fitting = await fit(database.connection, database.dialect, ranges, room)
        rest = [
            (conv, upto, last)
            for (conv, _, upto), (_, _, last) in zip(fitting, ranges, strict=True)
            if upto < last
        ]
        fitting = [one for one in fitting if one[1] < one[2]]
        if rest and not is_first and len(fitting) == 1 and fitting[0][2] - fitting[0][1] == 1:
            return [], ranges  # `fit` returns one event in any case
        return fitting, rest


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
