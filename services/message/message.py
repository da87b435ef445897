"""Sending, and what lies after a cursor."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from models import Message
from services.conversation.sql.memberships import read_memberships
from services.conversation.sql.ranges import Range, read_ranges
from services.errors import NoFile, NoSuchPerson, RefusedByPlugin, TypeRefused
from services.message.batch import Draft, Stored
from services.message.content_types import ANYTHING, without_file
from services.message.references import refers
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

WIDEST = 2000
"""Entries that are read at once in search of what others wrote."""


class MessageService(Service):
    """Messages of the one who asks."""

    ctx: Context

    def check(self, draft: Draft, options: Mapping[str, Any] | None) -> Awaitable[Draft] | None:
        """
        Look at a message before it is queued.

        Args:
            draft: the message.
            options: its options, decoded.

        Returns:
            None where nothing has to be looked at; else what gives the message as it may be sent,
            or raises the `ChatError` why not. Until then its sender's next one has to wait.
        """
        if draft.type not in ANYTHING or refers(options) or self.ctx.app.hooks.before_send.handlers:
            return self._check(draft, options)
        return None

    async def _check(self, draft: Draft, options: Mapping[str, Any] | None) -> Draft:
        # First what the server itself holds: a plugin sees only what could be sent.
        if options and refers(options):
            await self.ctx.service.message.references.check(draft, dict(options))
        content = self.ctx.service.message.content_types
        try:
            checked = await content.check(draft)
            answer = await self.ctx.app.hooks.check(checked)
            return checked if answer is checked else await content.check(without_file(answer))
        except (RefusedByPlugin, NoFile, TypeRefused, NoSuchPerson):
            # One that is stored already gets its first answer, whatever is thought of it now, and
            # whatever became of what it carries.
            if draft.cid and await Message.exists(from_id=draft.from_id, cid=draft.cid):
                return draft
            raise

    def send(self, draft: Draft) -> asyncio.Future[Stored]:
        """
        Queue a message for the next commit.

        Returns:
            a future of the stored message, or of the `ChatError` why not.

        Raises:
            Busy: too many messages are waiting.
        """
        return self.ctx.app.writer.put(draft)

    async def undelivered(self, user_id: int, limit: int, *, ack: bool) -> list[WireMessage]:
        """
        Give what others wrote after the delivered cursors.

        Args:
            user_id: whose cursors.
            limit: how many messages at most; the rest waits for the next call.
            ack: whether the client says itself what it has got. If not, the cursors move past
                what this gives, and no further.

        Returns:
            messages by time; those of one conversation by seq.
        """
        database = self.ctx.app.orm
        connection, dialect = database.connection, database.dialect
        # Read before the messages: what is committed later keeps for the next call.
        behind = await read_memberships(connection, dialect, user_id, behind=True)
        left = deque(
            (one.conv, max(one.join_seq, one.delivered_seq), one.last_seq) for one in behind
        )
        found: list[WireMessage] = []
        passed: dict[str, int] = {}
        window = limit
        while left and len(found) < limit:
            ranges = _take(left, window)
            entries = await read_ranges(connection, dialect, ranges)
            for conv, _, upto in ranges:
                others = [one for one in entries.get(conv, ()) if one.from_id != user_id]
                some = others[: limit - len(found)]
                found += some
                if len(some) == len(others):
                    passed[conv] = upto  # one's own entries in between are passed too
                elif some:
                    passed[conv] = some[-1].seq
            # What was there was one's own: look farther at once.
            window = min(4 * window, WIDEST)
        if ack:
            carried = {one.conv for one in found}
            passed = {conv: seq for conv, seq in passed.items() if conv not in carried}
        await self.ctx.service.conversation.cursors.passed(user_id, passed)
        found.sort(key=lambda one: (one.create_time, one.conv, one.seq))
        return found


def _take(left: deque[Range], window: int) -> list[Range]:
    """Take the next *window* entries from what is left, at most."""
    ranges: list[Range] = []
    while left and window:
        conv, after, last = left.popleft()
        upto = min(last, after + window)
        window -= upto - after
        ranges.append((conv, after, upto))
        if upto < last:
            left.appendleft((conv, upto, last))
    return ranges
