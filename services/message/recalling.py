"""Erasing the content of a message, and the event that announces it."""

from __future__ import annotations

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Attachment, Conversation, Message
from services.conversation.events import append_event
from services.errors import NoMessage
from services.message.content_types import carries_file
from services.search.sql import forget
from services.wire import WireMessage


async def append_recall(
    connection: BaseDBAsyncClient,
    conversation: Conversation,
    message: Message,
    user_id: int,
    **details: Any,
) -> WireMessage:
    """
    Erase the content of a message, and store the event that announces it.

    Args:
        connection: the transaction.
        conversation: the message's, locked.
        message: not recalled yet.
        user_id: the user who recalls it.
        details: further options of the event.
    """
    await erase_message(connection, message)
    return await append_event(
        connection,
        conversation,
        "recall",
        user_id,
        message.to_id,
        {"target": str(message.id), "seq": message.seq, **details},
        target=message.id,
    )


async def earlier_recall(connection: BaseDBAsyncClient, message: Message) -> WireMessage:
    """
    Return the event that announced the recall of a message.

    Raises:
        NoMessage: there is none.
    """
    event = await Message.get_or_none(target=message.id, type="recall", using_db=connection)
    if event is None:
        raise NoMessage
    return WireMessage.of(event)


async def erase_message(connection: BaseDBAsyncClient, message: Message) -> None:
    """Erase the text of a message and of its edits, its options and its file."""
    this = Message.filter(id=message.id).using_db(connection)
    await this.update(data="", options=None, isremove=1)
    if carries_file(message.type, message.data):
        await Attachment.filter(message_id=message.id).using_db(connection).delete()
    if message.edit_time is not None:
        edits = Message.filter(target=message.id, type="edit").using_db(connection)
        await edits.update(data="")
    await forget(connection, message.conv, message.seq)
