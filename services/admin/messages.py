"""Messages, as administrators see and recall them."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from uuid_utils.compat import UUID

from models import Message
from services import Service
from services.admin.actor import Actor
from services.conversation.events import lock_conversation, push_events
from services.errors import NoMessage
from services.fields import EVENT_TYPES
from services.message.recalling import append_recall, earlier_recall
from services.message.target import parse_message_id
from services.sql import bind_placeholders
from services.wire import WireMessage

MAX_PREVIEW = 500
"""Characters of a message in a list; the whole text is read for one message at a time."""


class Preview(msgspec.Struct):
    """A message in a list."""

    id: str
    conv: str
    from_id: int
    type: str
    preview: str
    """The beginning of the text; empty after the message was recalled."""
    create_time: int
    isremove: int


class MessagesService(Service):
    """A service that shows and recalls any message."""

    async def show(self, message_id: str) -> WireMessage:
        """
        Return a message.

        Raises:
            NoMessage: there is none.
        """
        return WireMessage.of(await _find(message_id))

    async def previews(self, message_ids: Collection[UUID]) -> dict[str, Preview]:
        """Return messages by id, with the beginnings of their texts."""
        if not message_ids:
            return {}
        database = self.ctx.app.orm
        query = (
            "SELECT id, conv, from_id, type, SUBSTR(data, 1, ?) AS preview, create_time, isremove"  # noqa: S608 - constants only
            f" FROM message WHERE id IN ({', '.join('?' * len(message_ids))})"
        )
        rows = await database.connection.execute_query_dict(
            bind_placeholders(database.dialect, query), [MAX_PREVIEW, *map(str, message_ids)]
        )
        return {str(row["id"]): Preview(**{**row, "id": str(row["id"])}) for row in rows}

    async def recall(self, actor: Actor, message_id: str, reason: str = "") -> WireMessage:
        """
        Erase the content of a message, and announce it in the conversation.

        Recalling a message again returns the same event.

        Args:
            actor: the administrator.
            message_id: the message's id.
            reason: for the audit.

        Returns:
            the event; `by` in its options is "administrator".

        Raises:
            NoMessage: there is none.
        """
        found = await _find(message_id)
        async with self.ctx.app.orm.transaction() as connection:
            conversation = await lock_conversation(connection, found.conv)
            # Read again, now that nobody else changes it.
            message = await Message.get_or_none(id=found.id, using_db=connection)
            if conversation is None or message is None:
                raise NoMessage
            if message.isremove:
                return await earlier_recall(connection, message)
            # In the author's name: clients know members only, and an administrator is none.
            event = await append_recall(
                connection, conversation, message, message.from_id, by="administrator"
            )
            await self.ctx.service.admin.audit.record(
                connection,
                actor,
                "message.recall",
                ("message", message.id),
                conv=message.conv,
                from_id=message.from_id,
                reason=reason,
            )
        await push_events(self.ctx, message.conv, [event])
        return event


async def _find(message_id: str) -> Message:
    target = parse_message_id(message_id)
    message = None if target is None else await Message.get_or_none(id=target)
    if message is None or message.type in EVENT_TYPES:
        raise NoMessage
    return message
