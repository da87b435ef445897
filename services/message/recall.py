"""Taking a message back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Attachment, Member, Message
from models.columns import milliseconds
from services.conversation.events import append_event, push_events
from services.errors import NoMessage, NotPermitted, TooLate
from services.group.change import ADMIN, OWNER
from services.message.content_types import carries_file
from services.message.target import Target, lock_target
from services.search.sql import forget
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class RecallService(Service):
    """Recalls messages."""

    ctx: Context

    async def recall(self, user_id: int, message_id: str) -> WireMessage:
        """
        Take a message back: its content is gone from the database, and everybody is told.

        What tells them is an entry of the conversation, so that `sync` brings it to whoever is
        away; it does not count as unread. Recalling again gives the same entry.

        Args:
            user_id: who asks: the sender, or in a group also an administrator.
            message_id: the message's id.

        Returns:
            the entry.

        Raises:
            NoMessage: there is none, one cannot see it, or it is the other's.
            NotPermitted: it is another member's, and one's role does not allow it.
            TooLate: it was sent too long ago.
        """
        async with self.ctx.app.orm.transaction() as connection:
            target = await lock_target(connection, user_id, message_id)
            conversation, message, _ = target
            at_any_time = await _may_at_any_time(connection, target)
            if message.isremove:
                return await _earlier(connection, message)
            age = milliseconds() - message.create_time
            if age > self.ctx.app.config.chat.recall_within * 1000 and not at_any_time:
                raise TooLate
            await _erase(connection, message)
            entry = await append_event(
                connection,
                conversation,
                "recall",
                user_id,
                message.to_id,
                {"target": str(message.id), "seq": message.seq},
                target=message.id,
            )
        await push_events(self.ctx, conversation.conv, [entry])
        return entry


async def _may_at_any_time(connection: BaseDBAsyncClient, target: Target) -> bool:
    """
    Tell whether the message's age does not matter.

    Raises:
        NoMessage: it is the other's, in a conversation of two.
        NotPermitted: it is another's, and one may not recall it at all.
    """
    conversation, message, member = target
    if message.from_id == member.user_id:
        return member.role >= ADMIN
    if conversation.chat_type != "group":
        raise NoMessage
    if member.role < ADMIN:
        raise NotPermitted
    if member.role < OWNER:
        sender = await Member.get_or_none(
            conv=message.conv, user_id=message.from_id, using_db=connection
        )
        if sender is not None and sender.role == OWNER:
            raise NotPermitted
    return True


async def _earlier(connection: BaseDBAsyncClient, message: Message) -> WireMessage:
    entry = await Message.get_or_none(target=message.id, type="recall", using_db=connection)
    if entry is None:
        raise NoMessage
    return WireMessage.of(entry)


async def _erase(connection: BaseDBAsyncClient, message: Message) -> None:
    """Leave nothing of what a message said, carried, or said after an edit."""
    this = Message.filter(id=message.id).using_db(connection)
    await this.update(data="", options=None, isremove=1)
    if carries_file(message.type, message.data):
        await Attachment.filter(message_id=message.id).using_db(connection).delete()
    if message.edit_time is not None:
        edits = Message.filter(target=message.id, type="edit").using_db(connection)
        await edits.update(data="")
    await forget(connection, message.conv, message.seq)
