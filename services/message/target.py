"""The message that a user wants to edit or to recall."""

from __future__ import annotations

from typing import NamedTuple

from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID

from models import Conversation, Member, Message
from services.conversation.events import lock_conversation
from services.errors import NoMessage
from services.fields import EVENT_TYPES


class Target(NamedTuple):
    """A message, with what has to be known before it is changed."""

    conversation: Conversation
    """Locked: one change at a time."""
    message: Message
    member: Member
    """The user who wants to change it."""


async def lock_target(connection: BaseDBAsyncClient, user_id: int, message_id: str) -> Target:
    """
    Return a message that nobody else changes before the transaction ends.

    Args:
        connection: the transaction.
        user_id: who wants to change it.
        message_id: the message's id.

    Raises:
        NoMessage: there is none, it is an event, or the user cannot see it (any more).
    """
    target = parse_message_id(message_id)
    found = None if target is None else await Message.get_or_none(id=target, using_db=connection)
    if found is None or found.type in EVENT_TYPES:
        raise NoMessage
    conversation = await lock_conversation(connection, found.conv)
    member = await Member.get_or_none(conv=found.conv, user_id=user_id, using_db=connection)
    # Read again, now that nobody else changes it.
    message = await Message.get_or_none(id=target, using_db=connection)
    if conversation is None or member is None or message is None or message.seq <= member.join_seq:
        raise NoMessage
    return Target(conversation, message, member)


def parse_message_id(text: str) -> UUID | None:
    """Return the id that *text* is, or None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
