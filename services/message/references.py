"""References in the options of a message: replies, forwards and mentions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from uuid_utils.compat import UUID

from models import Member, Message
from services.errors import InvalidData, MentionsAll, NoForward, NoGroup, NoMention, NoReply
from services.fields import EVENT_TYPES
from services.message.draft import Draft
from services.message.target import parse_message_id

REFERENCES = frozenset({"reply_to", "mentions", "forward_of"})
MAX_MENTIONS = 50
"""Users that one message mentions."""


def has_references(options: Collection[str] | None) -> bool:
    """Return whether options contain references, which have to be looked up."""
    return options is not None and not REFERENCES.isdisjoint(options)


async def check_references(draft: Draft) -> None:
    """
    Check that the sender can see what a message refers to.

    Raises:
        InvalidData: a value has the wrong form.
        NoGroup: the sender is not in the group.
        NoReply: the message that it replies to is not in this conversation.
        NoForward: the forwarded message is in no conversation of the sender.
        NoMention: a user who is mentioned is not in the conversation.
        MentionsAll: only an admin of a group may mention all.
    """
    options = draft.options or {}
    reply, forward = _message_id(options, "reply_to"), _message_id(options, "forward_of")
    mentions = _mentions(options)
    wanted = [one for one in (reply, forward) if one is not None]
    rows = await Message.filter(id__in=wanted) if wanted else []
    # Neither recalled messages nor events can be referred to.
    messages = {row.id: row for row in rows if not row.isremove and row.type not in EVENT_TYPES}
    own = await _memberships(draft.from_id, {draft.conv, *(row.conv for row in rows)})

    def visible(message_id: UUID) -> Message | None:
        message = messages.get(message_id)
        member = own.get(message.conv) if message else None
        return message if message and member and message.seq > member.join_seq else None

    if reply is not None:
        replied = visible(reply)
        if replied is None or replied.conv != draft.conv:
            raise NoReply
    if forward is not None and visible(forward) is None:
        raise NoForward
    if mentions is None:
        member = own.get(draft.conv)
        if draft.chat_type != "group" or member is None or not member.role:
            raise MentionsAll
    elif mentions and draft.chat_type == "group" and draft.conv not in own:
        raise NoGroup  # others do not learn who is a member
    elif not await _are_members(draft, mentions):
        raise NoMention


def _message_id(options: dict[str, Any], key: str) -> UUID | None:
    value = options.get(key)
    if value is None:
        return None
    message_id = parse_message_id(value) if isinstance(value, str) and len(value) == 36 else None
    if message_id is None:
        raise InvalidData(f"options.{key}: not the id of a message")
    return message_id


def _mentions(options: dict[str, Any]) -> frozenset[int] | None:
    """Return the users that are mentioned; None means all."""
    value = options.get("mentions")
    if value == "all":
        return None
    if value is None:
        return frozenset()
    if (
        not isinstance(value, list)
        or len(value) > MAX_MENTIONS
        or not all(type(one) is int and 0 < one < 2**63 for one in value)
    ):
        raise InvalidData(f'options.mentions: not "all" and no list of at most {MAX_MENTIONS} ids')
    return frozenset(value)


async def _memberships(user_id: int, convs: Collection[str]) -> dict[str, Member]:
    rows = await Member.filter(user_id=user_id, conv__in=list(convs))
    return {row.conv: row for row in rows}


async def _are_members(draft: Draft, users: frozenset[int]) -> bool:
    if draft.chat_type == "single":
        return users <= {draft.from_id, draft.to_id}
    return (
        not users
        or len(users) == await Member.filter(conv=draft.conv, user_id__in=list(users)).count()
    )
