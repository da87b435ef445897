"""What the options of a message refer to: a message answered or forwarded, people mentioned."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import UUID

from models import Member, Message
from services.errors import (
    InvalidData,
    MentionsAll,
    NoForward,
    NoMention,
    NoReply,
    Refused,
)
from services.fields import ENTRIES
from services.message.batch import Draft
from services.message.target import parse_id
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

KEYS = frozenset({"reply_to", "mentions", "forward_of"})
LARGEST = 50
"""People that one message mentions at most."""


def refers(options: Collection[str] | None) -> bool:
    """Tell whether options hold something that has to be looked up."""
    return options is not None and not KEYS.isdisjoint(options)


class ReferencesService(Service):
    """Holds that what a message refers to is there, and that its sender may see it."""

    ctx: Context

    async def check(self, draft: Draft, options: dict[str, Any]) -> None:
        """
        Refuse a message that refers to what its sender cannot see.

        A message that was stored before, under the same `cid`, is let through: it gets the first
        answer again, whatever became since of what it refers to.

        Raises:
            InvalidData: a value is not what it should be.
            NoReply: the message that it answers is not in this conversation.
            NoForward: the forwarded message is in no conversation of the sender.
            NoMention: somebody who is mentioned is not in the conversation.
            MentionsAll: only an administrator of a group may mention all.
        """
        reply, forward = _message(options, "reply_to"), _message(options, "forward_of")
        mentions = _people(options)
        try:
            await self._look_up(draft, reply, forward, mentions)
        except Refused:
            if draft.cid is None or not await Message.exists(from_id=draft.from_id, cid=draft.cid):
                raise

    async def _look_up(
        self,
        draft: Draft,
        reply: UUID | None,
        forward: UUID | None,
        mentions: frozenset[int] | None,
    ) -> None:
        wanted = [one for one in (reply, forward) if one is not None]
        rows = await Message.filter(id__in=wanted) if wanted else []
        # A recalled message is there no more; what tells of a change is no message.
        messages = {row.id: row for row in rows if not row.isremove and row.type not in ENTRIES}
        seats = await _seats(draft.from_id, {draft.conv, *(row.conv for row in rows)})

        def visible(one: UUID) -> Message | None:
            message = messages.get(one)
            seat = seats.get(message.conv) if message else None
            return message if message and seat and message.seq > seat.join_seq else None

        if reply is not None:
            answered = visible(reply)
            if answered is None or answered.conv != draft.conv:
                raise NoReply
        if forward is not None and visible(forward) is None:
            raise NoForward
        if mentions is None:
            seat = seats.get(draft.conv)
            if draft.chat_type != "group" or seat is None or not seat.role:
                raise MentionsAll
        elif not await _are_members(draft, mentions):
            raise NoMention


def _message(options: dict[str, Any], key: str) -> UUID | None:
    value = options.get(key)
    if value is None:
        return None
    found = parse_id(value) if isinstance(value, str) and len(value) == 36 else None
    if found is None:
        raise InvalidData(f"options.{key}: not the id of a message")
    return found


def _people(options: dict[str, Any]) -> frozenset[int] | None:
    """Give who is mentioned; None is all."""
    value = options.get("mentions")
    if value == "all":
        return None
    if value is None:
        return frozenset()
    if (
        not isinstance(value, list)
        or len(value) > LARGEST
        or not all(type(one) is int and 0 < one < 2**63 for one in value)
    ):
        raise InvalidData(f'options.mentions: not "all" and no list of at most {LARGEST} ids')
    return frozenset(value)


async def _seats(user_id: int, convs: Collection[str]) -> dict[str, Member]:
    rows = await Member.filter(user_id=user_id, conv__in=list(convs))
    return {row.conv: row for row in rows}


async def _are_members(draft: Draft, people: frozenset[int]) -> bool:
    if draft.chat_type == "single":
        return people <= {draft.from_id, draft.to_id}
    return (
        not people
        or len(people) == await Member.filter(conv=draft.conv, user_id__in=list(people)).count()
    )
