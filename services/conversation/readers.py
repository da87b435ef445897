"""The readers of a message."""

from __future__ import annotations

import msgspec

from models import Member, Message
from services import Service
from services.account.users import Person
from services.contact.relations import View
from services.contact.sql import read_views
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

        Members who joined the group after the message do not count. Members who do not show what
        they read, or not to this user, count as if they had not read it.

        Args:
            user_id: the user who asks.
            message_id: a message that this user may read.
            after: only readers with a greater id.
            limit: the largest number of readers.

        Raises:
            NoMessage: it does not exist, or is not visible to the user.
        """
        message = await _visible(user_id, message_id)
        recipients = Member.filter(conv=message.conv).exclude(user_id=message.from_id)
        if message.chat_type == "group":
            recipients = recipients.filter(
                join_seq__lt=message.seq, create_time__lte=message.create_time
            )
        have_read = recipients.filter(read_seq__gte=message.seq).order_by("user_id")
        pairs = [(user_id, int(row[0])) for row in await have_read.values_list("user_id")]
        database = self.ctx.app.orm
        views = await read_views(database.connection, database.dialect, pairs)
        shown = [reader for (_, reader), view in views.items() if _shows(view, message)]
        page = [reader for reader in shown if reader > after][: limit + 1]
        users = await self.ctx.service.account.users.find_many(page[:limit])
        return Readers(
            count=len(shown),
            total=await recipients.count(),
            readers=[users[one] for one in page[:limit] if one in users],
            more=len(page) > limit,
        )


def _shows(view: View, message: Message) -> bool:
    """Return whether it is shown that a user has read a message."""
    if view.blocked and message.chat_type == "group":
        return False
    return view.read(message.seq) >= message.seq


async def _visible(user_id: int, message_id: str) -> Message:
    target = parse_message_id(message_id)
    message = None if target is None else await Message.get_or_none(id=target)
    if message is None:
        raise NoMessage
    member = await Member.get_or_none(conv=message.conv, user_id=user_id)
    if member is None or message.seq <= member.join_seq:
        raise NoMessage
    return message
