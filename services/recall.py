"""Taking a message back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from uuid_utils.compat import UUID, uuid7

from models import Conversation, Message
from services.batch import Stored
from services.delivery import deliver
from services.errors import NoMessage, TooLate
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class RecallService(Service):
    """Recalls messages."""

    ctx: Context

    async def recall(self, user_id: int, message_id: str) -> WireMessage:
        """
        Take one's own message back: its content is gone, and everybody is told.

        What tells them is an entry of the conversation, so that `sync` brings it to whoever is
        away; it does not count as unread. Recalling again gives the same entry.

        Args:
            user_id: who asks.
            message_id: the message's id.

        Returns:
            the entry.

        Raises:
            NoMessage: there is none, it is another's, or it is no message.
            TooLate: it was sent too long ago.
        """
        target = _id(message_id)
        async with self.ctx.app.orm.transaction() as connection:
            found = await Message.get_or_none(id=target, using_db=connection)
            if found is None or found.from_id != user_id or found.target is not None:
                raise NoMessage
            # The conversation is locked before the message is read again: one entry at a time.
            conversation = (
                await Conversation.filter(conv=found.conv)
                .using_db(connection)
                .select_for_update()
                .get()
            )
            earlier = await Message.get_or_none(
                conv=found.conv, target=target, type="recall", using_db=connection
            )
            if earlier is not None:
                return WireMessage.of(earlier)
            now = time.time_ns() // 1_000_000
            if now - found.create_time > self.ctx.app.config.chat.recall_within * 1000:
                raise TooLate
            await (
                Message.filter(id=target)
                .using_db(connection)
                .update(data="", options=None, isremove=1)
            )
            entry = await Message.create(
                id=uuid7(),
                conv=found.conv,
                seq=conversation.last_seq + 1,
                number=conversation.last_number,
                from_id=user_id,
                to_id=found.to_id,
                chat_type=found.chat_type,
                type="recall",
                data="",
                options=msgspec.json.encode({"target": str(target)}).decode(),
                target=target,
                create_time=now,
                using_db=connection,
            )
            await (
                Conversation.filter(conv=found.conv)
                .using_db(connection)
                .update(last_seq=entry.seq, update_time=now)
            )
        shown = WireMessage.of(entry)
        deliver(self.ctx.app.ws.send_to_user)([Stored(shown, dup=False)])
        return shown


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoMessage from None
