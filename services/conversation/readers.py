"""Who has read a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from models import Member, Message
from services.account.users import Person
from services.errors import NoMessage
from services.message.target import parse_id
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class Readers(msgspec.Struct):
    """Who has read a message, and how many of how many."""

    count: int
    total: int
    readers: list[Person]
    more: bool


class ReadersService(Service):
    """Tells who has read what."""

    ctx: Context

    async def of(self, user_id: int, message_id: str, after: int, limit: int) -> Readers:
        """
        Tell who has read a message, without its author.

        Whoever came to the group after it does not count, neither as a reader nor otherwise.

        Args:
            user_id: who asks, and may see the message.
            message_id: the message's id.
            after: only readers with a greater id.
            limit: how many of them at most.

        Raises:
            NoMessage: there is none that the user may see.
        """
        message = await _visible(user_id, message_id)
        concerned = Member.filter(conv=message.conv).exclude(user_id=message.from_id)
        if message.chat_type == "group":
            concerned = concerned.filter(
                join_seq__lt=message.seq, create_time__lte=message.create_time
            )
        have_read = concerned.filter(read_seq__gte=message.seq)
        page = await have_read.filter(user_id__gt=after).order_by("user_id").limit(limit + 1)
        ids = [member.user_id for member in page[:limit]]
        people = await self.ctx.service.account.users.people(ids)
        return Readers(
            count=await have_read.count(),
            total=await concerned.count(),
            readers=[people[user] for user in ids if user in people],
            more=len(page) > limit,
        )


async def _visible(user_id: int, message_id: str) -> Message:
    target = parse_id(message_id)
    message = None if target is None else await Message.get_or_none(id=target)
    if message is None:
        raise NoMessage
    member = await Member.get_or_none(conv=message.conv, user_id=user_id)
    if member is None or message.seq <= member.join_seq:
        raise NoMessage
    return message
