"""What is said of a group, and asked of one, with the bounds that its table has."""

from __future__ import annotations

from typing import Annotated

import msgspec

from services.account.users import Person
from services.fields import Id

# No text holds U+0000, which PostgreSQL cannot store.
Name = Annotated[str, msgspec.Meta(max_length=60, pattern=r"\A[^\x00]*[^\x00\s][^\x00]*\Z")]
Nickname = Annotated[str, msgspec.Meta(max_length=30, pattern=r"\A[^\x00]*\Z")]
Notice = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"\A[^\x00]*\Z")]
Avatar = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\A[^\x00]*\Z")]
Text = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\A[^\x00]*\Z")]
Role = Annotated[int, msgspec.Meta(ge=0, le=2)]


class NewGroup(msgspec.Struct):
    """A group that somebody wants to have."""

    name: Name
    avatar: Avatar = ""
    notice: Notice = ""
    members: Annotated[list[Id], msgspec.Meta(max_length=5000)] = []
    """Who is in it from the beginning, beside its owner."""
    history: bool = True
    """Whether those who join see what was said before."""
    approval: bool = False
    """Whether an administrator decides on who joins."""
    invite_role: Role = 0
    """The lowest role that may invite."""


class GroupChanges(msgspec.Struct):
    """What is to be different; what is None stays."""

    name: Name | None = None
    avatar: Avatar | None = None
    notice: Notice | None = None
    history: bool | None = None
    approval: bool | None = None
    invite_role: Role | None = None
    muted: bool | None = None
    """Whether only administrators may write."""


class Oneself(msgspec.Struct):
    """The place in a group of the one who asks."""

    role: int
    nickname: str
    muted_until: int


class GroupView(msgspec.Struct):
    """A group, as its members see it."""

    id: int
    conv: str
    name: str
    notice: str
    avatar: str
    owner_id: int
    invite_role: int
    approval: bool
    history: bool
    muted: bool
    member_count: int
    create_time: int
    me: Oneself


class NewGroupView(GroupView, kw_only=True):
    """A group that was just made."""

    refused: list[int]
    """Who is not in it: they blocked the owner, do not exist or are disabled."""


class MemberView(msgspec.Struct):
    """One member."""

    user_id: int
    username: str
    nickname: str
    """The one in this group, or else the person's own."""
    avatar: str
    role: int
    muted_until: int
    online: bool


class MemberPage(msgspec.Struct):
    """Some members, by user id."""

    members: list[MemberView]
    more: bool


class Invited(msgspec.Struct):
    """What became of those who were invited."""

    joined: list[int]
    requested: list[int]
    """They wait for an administrator."""
    members: list[int]
    """They were in the group already."""
    refused: list[int]
    """They blocked the one who invites, do not exist or are disabled."""


class Waiting(msgspec.Struct):
    """Somebody who waits to be let in."""

    user: Person
    inviter_id: int | None
    """Who invited them; None when they asked themselves."""
    text: str
    create_time: int


class WaitingPage(msgspec.Struct):
    """Some who wait, by user id."""

    requests: list[Waiting]
    more: bool
