"""The data of requests and answers about groups, with the bounds of their columns."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from services import permissions
from services.account.users import Person
from services.fields import Id

MAX_NAME_LENGTH = 60
# No text holds U+0000, which PostgreSQL cannot store.
Name = Annotated[
    str, msgspec.Meta(max_length=MAX_NAME_LENGTH, pattern=r"\A[^\x00]*[^\x00\s][^\x00]*\Z")
]
Nickname = Annotated[str, msgspec.Meta(max_length=30, pattern=r"\A[^\x00]*\Z")]
Notice = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"\A[^\x00]*\Z")]
Avatar = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\A[^\x00]*\Z")]
Text = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\A[^\x00]*\Z")]
Role = Annotated[int, msgspec.Meta(ge=0, le=2)]
JoinRule = Literal["closed", "approval", "open"]
"""How users join without an invitation: not at all, after approval by an admin, or freely."""


class NewGroup(msgspec.Struct):
    """A group to create."""

    name: Name
    avatar: Avatar = ""
    notice: Notice = ""
    members: Annotated[list[Id], msgspec.Meta(max_length=5000)] = []
    """The first members, beside the owner."""
    history: bool = True
    """Whether new members see earlier messages."""
    join: JoinRule | None = None
    """How users join without an invitation; "closed" by default."""
    approval: bool = False
    """Whether an admin approves new members: the same as `join` "approval"."""
    invite_role: Role = permissions.INVITE.role
    """The lowest role that may invite."""
    link_role: Role = permissions.CREATE_LINK.role
    """The lowest role that may create invitation links."""

    @property
    def join_rule(self) -> JoinRule:
        """The rule that `join` and `approval` say; `join` takes precedence."""
        return self.join or ("approval" if self.approval else "closed")


class GroupChanges(msgspec.Struct):
    """Changes of a group; None leaves a value."""

    name: Name | None = None
    avatar: Avatar | None = None
    notice: Notice | None = None
    history: bool | None = None
    join: JoinRule | None = None
    approval: bool | None = None
    """False closes a group that needs approval; `join` takes precedence."""
    invite_role: Role | None = None
    link_role: Role | None = None
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
    link_role: int
    join: JoinRule
    approval: bool
    history: bool
    muted: bool
    member_count: int
    create_time: int
    me: Oneself


class NewGroupView(GroupView, kw_only=True):
    """A group that was just created."""

    invited: list[int]
    """Users who do not know the owner: they were asked whether they want to join."""
    refused: list[int]
    """Users who were not added: they blocked the owner, accept nothing from strangers, do not
    exist or are disabled."""


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
    invited: list[int]
    """They do not know the inviter: they were asked whether they want to join."""
    members: list[int]
    """They were members already."""
    refused: list[int]
    """They blocked the inviter, accept nothing from strangers, do not exist, are disabled, or may
    not join this group."""


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


class GroupPreview(msgspec.Struct):
    """A group, as invited users see it."""

    id: int
    name: str
    avatar: str
    member_count: int


class InvitationView(msgspec.Struct):
    """An invitation that the user can accept."""

    group: GroupPreview
    inviter: Person
    create_time: int


class InvitationPage(msgspec.Struct):
    """A page of invitations, by group id."""

    invitations: list[InvitationView]
    more: bool


class BannedView(msgspec.Struct):
    """A banned user."""

    user: Person
    by_id: int
    """The admin who banned the user."""
    create_time: int


class BannedPage(msgspec.Struct):
    """A page of banned users, by user id."""

    banned: list[BannedView]
    more: bool


class LinkView(msgspec.Struct):
    """An invitation link."""

    id: int
    creator_id: int
    uses: int
    """How many users have joined with it."""
    max_uses: int
    """How many may; 0 for any number."""
    expire_time: int
    create_time: int


class NewLinkView(LinkView, kw_only=True):
    """An invitation link that was just created."""

    link_token: str
    """The secret part of the link. It is stored as a hash: this answer alone contains it."""


class Links(msgspec.Struct):
    """The invitation links of a group, the newest first."""

    links: list[LinkView]


class LinkPreview(msgspec.Struct):
    """A group, as everybody sees it who has a link."""

    name: str
    avatar: str
    member_count: int
    approval: bool
    """Whether an admin has to approve the user."""
    group_id: int | None
    """The group's id, where the user is a member already."""
