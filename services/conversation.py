"""The conversations of one who asks, and what was said in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from tortoise.expressions import Q

from models import Conversation, Member, Message
from services.errors import NoConversation
from services.user import Person
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class Overview(msgspec.Struct):
    """One conversation in the list."""

    conv: str
    chat_type: str
    peer: Person | None
    last_seq: int
    read_seq: int
    delivered_seq: int
    peer_read_seq: int
    peer_delivered_seq: int
    unread: int
    last: WireMessage | None


class Page(msgspec.Struct):
    """A piece of a conversation."""

    messages: list[WireMessage]
    more: bool


class ConversationService(Service):
    """Lists conversations and pages through them."""

    ctx: Context

    async def overview(self, user_id: int, limit: int) -> list[Overview]:
        """
        List a user's conversations, the latest first, in as many queries for one as for all.

        Args:
            user_id: whose.
            limit: how many at most.
        """
        members = {member.conv: member for member in await Member.filter(user_id=user_id)}
        latest = (
            await Conversation.filter(conv__in=list(members))
            .order_by("-update_time", "conv")
            .limit(limit)
        )
        lasts = await _at(latest)
        peers = {one.conv: _peer(one.conv, user_id) for one in latest}
        people = await self.ctx.service.user.people(peers.values())
        theirs = await _peer_cursors(peers)
        return [
            Overview(
                conv=one.conv,
                chat_type=one.chat_type,
                peer=people.get(peers[one.conv]),
                last_seq=one.last_seq,
                read_seq=members[one.conv].read_seq,
                delivered_seq=members[one.conv].delivered_seq,
                peer_read_seq=theirs[one.conv].read_seq,
                peer_delivered_seq=theirs[one.conv].delivered_seq,
                unread=one.last_number - members[one.conv].read_number,
                last=lasts.get(one.conv),
            )
            for one in latest
        ]

    async def history(
        self, user_id: int, conv: str, *, before: int | None, after: int | None, limit: int
    ) -> Page:
        """
        Give a page of a conversation, by seq.

        Args:
            user_id: who asks.
            conv: the conversation.
            before: only what has a smaller seq: the page ends there.
            after: only what has a greater seq: the page begins there. Without either, the
                latest messages.
            limit: how many at most.

        Raises:
            NoConversation: there is none, or the user is not in it.
        """
        member = await Member.get_or_none(conv=conv, user_id=user_id)
        if member is None:
            if user_id in _pair(conv):
                return Page([], more=False)  # the two have not spoken yet
            raise NoConversation
        query = Message.filter(conv=conv, seq__gt=max(member.join_seq, after or 0))
        if before is not None:
            query = query.filter(seq__lt=before)
        order = "seq" if after is not None else "-seq"
        rows = await query.order_by(order).limit(limit + 1)
        more = len(rows) > limit
        page = sorted(rows[:limit], key=lambda row: row.seq)
        return Page([WireMessage.of(row) for row in page], more)


async def _peer_cursors(peers: dict[str, int]) -> dict[str, Member]:
    """Give the other member of each conversation."""
    if not peers:
        return {}
    other = Q(*(Q(conv=conv, user_id=peer) for conv, peer in peers.items()), join_type=Q.OR)
    return {member.conv: member for member in await Member.filter(other)}


async def _at(conversations: list[Conversation]) -> dict[str, WireMessage]:
    """Give the last message of each conversation."""
    if not conversations:
        return {}
    ends = Q(*(Q(conv=one.conv, seq=one.last_seq) for one in conversations), join_type=Q.OR)
    return {row.conv: WireMessage.of(row) for row in await Message.filter(ends)}


def _peer(conv: str, user_id: int) -> int:
    """Give the other of the two; oneself, where both are the same."""
    low, high = _pair(conv)
    return high if low == user_id else low


def _pair(conv: str) -> tuple[int, ...]:
    """Give the two of "s:<low>:<high>"; nobody, where it is no such name."""
    kind, *ids = conv.split(":")
    pair = tuple(int(one) for one in ids if one.isascii() and one.isdigit())
    return pair if kind == "s" and len(ids) == len(pair) == 2 else ()
