"""What a client has missed in all conversations of its user."""

from __future__ import annotations

from typing import NamedTuple, Self

import msgspec

from models import Member
from models.columns import milliseconds
from services import Service
from services.conversation.answer_size import MAX_ANSWER_BYTES, cut, encoded_size, fit
from services.conversation.sql.memberships import Membership, read_memberships
from services.conversation.sql.ranges import Range, read_ranges
from services.conversation.visibility import visible
from services.errors import InvalidData
from services.wire import WireMessage

MAX_SYNC_MESSAGES = 2000
"""Messages in one answer to `sync`, over all conversations."""
MAX_SYNC_CONVERSATIONS = 1000
"""Conversations in one answer to `sync`; further ones are on the next page."""
CONVERSATION_BYTES = 300
"""Bytes of a conversation in that answer beside its messages, about."""
MAX_DIGITS = 19


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
    next: str | msgspec.UnsetType = msgspec.UNSET
    """The argument `page` for further conversations; left out if there are none."""


class SyncPage(NamedTuple):
    """A page of the conversations in `sync`."""

    update_time: int
    """Of the last conversation of the previous page."""
    since: int
    """When the first page was read, in milliseconds since 1970."""
    conv: str
    """The last conversation of the previous page."""

    @classmethod
    def of(cls, text: str) -> Self:
        """
        Parse `Synced.next`.

        Raises:
            InvalidData: the text is no such page.
        """
        update_time, _, rest = text.partition(":")
        since, _, conv = rest.partition(":")
        if not (update_time.isascii() and update_time.isdigit() and len(update_time) < MAX_DIGITS):
            raise InvalidData("page: not one from an answer")
        if not (since.isascii() and since.isdigit() and len(since) < MAX_DIGITS):
            raise InvalidData("page: not one from an answer")
        return cls(int(update_time), int(since), conv)


class SyncService(Service):
    """A service that reads what a client has missed."""

    async def missed(
        self, user_id: int, cursors: dict[str, int], limit: int, page: str | None = None
    ) -> Synced:
        """
        Return what a user's client has missed, in few queries for any number of conversations.

        Args:
            user_id: the user.
            cursors: conversation to the last seq that the client has. A conversation that is
                missing here is answered with its newest events.
            limit: the largest number of events of one conversation.
            page: `Synced.next` of the previous page of conversations.

        Raises:
            InvalidData: *page* is not from an answer.
        """
        database = self.ctx.app.orm
        connection, dialect = database.connection, database.dialect
        start = SyncPage.of(page) if page else None
        members, following = await self._memberships(user_id, start)
        ranges: list[Range] = []
        room = MAX_SYNC_MESSAGES
        for one in members:
            after, upto = _missing(one, cursors.get(one.conv), limit)
            upto = min(upto, after + room)
            room -= upto - after
            ranges.append((one.conv, after, upto))
        newest = {one.conv for one in members if one.conv not in cursors}
        room_bytes = MAX_ANSWER_BYTES - CONVERSATION_BYTES * len(members)
        whole, ranges = ranges, await fit(connection, dialect, ranges, room_bytes, newest)
        found = await read_ranges(
            connection,
            dialect,
            [(conv, after, upto) for conv, after, upto in ranges if upto > after],
        )
        sizes = {
            conv: {event.seq: encoded_size(event) for event in events}
            for conv, events in found.items()
        }
        ranges = cut(ranges, sizes, room_bytes, newest)
        is_cut = ranges != whole
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
                messages=[
                    visible(event, one.join_seq)
                    for event in found.get(one.conv, ())
                    if after < event.seq <= upto
                ],
                more=upto < one.last_seq,
            )
            for one, (_, after, upto) in zip(members, ranges, strict=True)
        ]
        if start is None:
            there = {one.conv for one in members}
            if following is not msgspec.UNSET:
                there = {row[0] for row in await Member.filter(user_id=user_id).values_list("conv")}
            missed += [Missed(conv, gone=True) for conv in cursors if conv not in there]
        is_short = room == 0 or is_cut
        return Synced(missed, more=is_short and any(one.more for one in missed), next=following)

    async def _memberships(
        self, user_id: int, start: SyncPage | None
    ) -> tuple[list[Membership], str | msgspec.UnsetType]:
        """
        Return a page of memberships, and `Synced.next`.

        Conversations that change while a client reads the pages move to the front, where it has
        been already: the last page has these, too.
        """
        database = self.ctx.app.orm
        connection, dialect = database.connection, database.dialect
        now = milliseconds()
        after = (start.update_time, start.conv) if start else None
        members = await read_memberships(
            connection, dialect, user_id, after=after, limit=MAX_SYNC_CONVERSATIONS + 1
        )
        if len(members) > MAX_SYNC_CONVERSATIONS:
            del members[MAX_SYNC_CONVERSATIONS:]
            last = members[-1]
            since = start.since if start else now
            return members, f"{last.update_time}:{since}:{last.conv}"
        if start:
            there = {one.conv for one in members}
            changed = await read_memberships(
                connection, dialect, user_id, since=start.since, limit=MAX_SYNC_CONVERSATIONS
            )
            members += [one for one in changed if one.conv not in there]
        return members, msgspec.UNSET


def _missing(member: Membership, cursor: int | None, limit: int) -> tuple[int, int]:
    """Return the seq after which a client's missing events begin, and the seq of the last."""
    if cursor is None:
        return max(member.join_seq, member.last_seq - limit), member.last_seq
    after = max(member.join_seq, min(cursor, member.last_seq))
    return after, min(member.last_seq, after + limit)
