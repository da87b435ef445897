"""The message that a user wants to edit or recall."""

from __future__ import annotations

from typing import NamedTuple

from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID

from models import Conversation, Member, Message
from services.conversation.events import lock_conversation
from services.errors import NoMessage
from services.fields import EVENT_TYPES


class Target(NamedTuple):
    """A message to change, its conversation, and the member who changes it."""

    conversation: Conversation
    """Locked: one change at a time."""
    message: Message
    member: Member
    """The user who wants to change it."""


async def lock_target(connection: BaseDBAsyncClient, user_id: int, message_id: str) -> Target:
    """
    Return a message, locked with its conversation until the transaction ends.

    Args:
        connection: the transaction.
        user_id: who wants to change it.
        message_id: the message's id.

    Raises:
        NoMessage: it does not exist, is an event, or is not visible to the user.
    """
    target = parse_message_id(message_id)
    found = None if target is None else await Message.get_or_none(id=target, using_db=connection)
    if found is None or found.type in EVENT_TYPES:
        raise NoMessage
    conversation = await lock_conversation(connection, found.conv)
    member = await Member.get_or_none(conv=found.conv, user_id=user_id, using_db=connection)
    # Read again, now under the lock.
    message = await Message.get_or_none(id=target, using_db=connection)
    if conversation is None or member is None or message is None or message.seq <= member.join_seq:
        raise NoMessage
    return Target(conversation, message, member)


def parse_message_id(text: str) -> UUID | None:
    """Return *text* as the id of a message, or None if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None
