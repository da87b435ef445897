"""
Who may write, and who may recall: the rules that `send`, `edit`, `recall` and `typing` share.

No I/O: the callers read what the rules depend on, with `services/message/sql/`. Each rule returns
the refusal, or None if there is no objection. Further rules for edits, and the time limits, are in
`message.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from services.errors import (
    AllMuted,
    AwaitingReply,
    Blocked,
    Muted,
    NoGroup,
    NoMessage,
    NotPermitted,
    Refused,
    StrangersRefused,
)
from services.group.roles import ADMIN, OWNER
from services.permissions import RECALL_OF_OTHERS


class Relation(msgspec.Struct):
    """What a recipient decided about a sender, and whether the two have written to each other."""

    blocked: bool
    """The recipient blocked the sender."""
    strangers: str
    """What the recipient accepts from strangers: "nothing", "one" or "freely"."""
    sent: bool
    """The sender has written to the recipient."""
    answered: bool
    """The recipient has written to the sender, who is no stranger then."""


class GroupMembership(NamedTuple):
    """A member of a group, and what the group decided about writing."""

    version: int
    """Of the group; see `Group.version`."""
    all_muted: bool
    """Only admins may write."""
    role: int
    muted_until: int
    """Milliseconds since 1970."""


ONESELF = Relation(blocked=False, strangers="freely", sent=False, answered=False)
"""The relation of every user to themselves."""


def refusal_by_user(relation: Relation, *, accepted: bool = False) -> Refused | None:
    """
    Return why a user may not write to another one.

    Args:
        relation: of the two.
        accepted: whether the recipient has accepted this message before, as with an edit: then
            the rules for strangers do not apply.
    """
    if relation.blocked:
        return Blocked()
    if accepted or relation.answered or relation.strangers == "freely":
        return None
    if relation.strangers == "nothing":
        return StrangersRefused()
    return AwaitingReply() if relation.sent else None


def refusal_by_group(membership: GroupMembership | None, now: int) -> Refused | None:
    """
    Return why a user may not write to a group.

    Args:
        membership: None if the user is not in the group, or there is none.
        now: milliseconds since 1970.
    """
    if membership is None:
        return NoGroup()
    if membership.muted_until > now:
        return Muted()
    return AllMuted() if membership.all_muted and membership.role < ADMIN else None


def recall_refusal(
    role: int, author_role: int, *, is_author: bool, is_group: bool
) -> Refused | None:
    """
    Return why a user may not recall a message, whatever its age.

    Args:
        role: of the user.
        author_role: of the message's author; `MEMBER` for one who left the group.
        is_author: whether the user is the author.
        is_group: whether the message is in a group.
    """
    if is_author:
        return None
    if not is_group:
        return NoMessage()
    if role < RECALL_OF_OTHERS.role or (role < OWNER and author_role == OWNER):
        return NotPermitted()
    return None
