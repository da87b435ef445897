"""The readers of a message."""

from __future__ import annotations

import msgspec

from models import Member, Message
from services import Service
from services.account.users import Person
from services.errors import NoMessage
from services.message.target import parse_message_id


class Readers(msgspec.Struct):
    """A page of the readers of a message, with the counts of readers and of recipients."""

    count: int
    total: int
    readers: list[Person]
    more: bool


class ReadersService(Service):
    """Lists the readers of messages."""

    async def of(self, user_id: int, message_id: str, after: int, limit: int) -> Readers:
        """
        Return the readers of a message, without its author.

        Members who joined the group after the message do not count.

        Args:
            user_id: the user who asks.
            message_id: a message that this user may read.
            after: only readers with a greater id.
            limit: the largest number of readers.

        Raises:
            NoMessage: there is no such message that the user may read.
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
        people = await self.ctx.service.account.users.find_many(ids)
        return Readers(
            count=await have_read.count(),
            total=await concerned.count(),
            readers=[people[user] for user in ids if user in people],
            more=len(page) > limit,
        )


async def _visible(user_id: int, message_id: str) -> Message:
    target = parse_message_id(message_id)
    message = None if target is None else await Message.get_or_none(id=target)
    if message is None:
        raise NoMessage
    member = await Member.get_or_none(conv=message.conv, user_id=user_id)
    if member is None or message.seq <= member.join_seq:
        raise NoMessage
    return message
