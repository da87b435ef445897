"""The data of requests and answers about groups, with the bounds of their columns."""

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
    """A group to create."""

    name: Name
    avatar: Avatar = ""
    notice: Notice = ""
    members: Annotated[list[Id], msgspec.Meta(max_length=5000)] = []
    """The first members, beside the owner."""
    history: bool = True
    """Whether new members see earlier messages."""
    approval: bool = False
    """Whether an admin approves new members."""
    invite_role: Role = 0
    """The lowest role that may invite."""


class GroupChanges(msgspec.Struct):
    """Changes of a group; None leaves a value."""

    name: Name | None = None
    avatar: Avatar | None = None
    notice: Notice | None = None
    history: bool | None = None
    approval: bool | None = None
    invite_role: Role | None = None
    muted: bool | None = None
    """Whether only admins may write."""


class Oneself(msgspec.Struct):
    """The membership of the user who asks."""

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
    """A group that was just created."""

    refused: list[int]
    """Users who were not added: they blocked the owner, do not exist or are disabled."""


class MemberView(msgspec.Struct):
    """One member."""

    user_id: int
    username: str
    nickname: str
    """The nickname in this group, or else the user's own."""
    avatar: str
    role: int
    muted_until: int
    online: bool


class MemberPage(msgspec.Struct):
    """A page of members, by user id."""

    members: list[MemberView]
    more: bool


class Invited(msgspec.Struct):
    """The outcome of an invitation, by user."""

    joined: list[int]
    requested: list[int]
    """They wait for approval."""
    members: list[int]
    """They were members already."""
    refused: list[int]
    """They blocked the inviter, do not exist or are disabled."""


class Waiting(msgspec.Struct):
    """A join request."""

    user: Person
    inviter_id: int | None
    """The member who invited the user; None where the user asked to join."""
    text: str
    create_time: int


class WaitingPage(msgspec.Struct):
    """A page of join requests, by user id."""

    requests: list[Waiting]
    more: bool
