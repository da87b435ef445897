"""Groups over HTTP."""

from __future__ import annotations

from controllers.api.chat.group_requests import (
    Accepted,
    GroupPath,
    Join,
    JoinResult,
    Mute,
    Muted,
    NewOwner,
    OneUser,
    OwnNickname,
    Page,
    Refused,
    Removed,
    SetRole,
    Users,
)
from extend.context import Context
from services.errors import (
    GroupFull,
    NoGroup,
    NoMember,
    NotPermitted,
    OwnerMustStay,
    RequestsFull,
)
from services.group.forms import (
    GroupChanges,
    GroupView,
    Invited,
    MemberPage,
    NewGroup,
    NewGroupView,
    WaitingPage,
)
from yolk import Controller, describe


class GroupController(Controller[Context]):
    """A controller for groups, their members and their join requests."""

    @property
    def group_id(self) -> int:
        """The id of the group in the path."""
        return self.ctx.read(GroupPath, self.ctx.params).id

    @describe(body=NewGroup, answer=NewGroupView, errors=(GroupFull,))
    async def create(self) -> None:
        """Create a group."""
        body = self.ctx.read(NewGroup)
        self.ctx.api_success(await self.ctx.service.group.create(self.ctx.user.id, body))

    @describe(answer=GroupView, errors=(NoGroup,))
    async def show(self) -> None:
        """Show a group that you are a member of."""
        self.ctx.api_success(await self.ctx.service.group.show(self.ctx.user.id, self.group_id))

    @describe(body=GroupChanges, answer=GroupView, errors=(NoGroup, NotPermitted))
    async def change(self) -> None:
        """Change a group's name, avatar, notice or rules."""
        body = self.ctx.read(GroupChanges)
        group = self.ctx.service.group
        self.ctx.api_success(await group.change(self.ctx.user.id, self.group_id, body))

    @describe(errors=(NoGroup, NotPermitted))
    async def dissolve(self) -> None:
        """Dissolve a group that you own."""
        await self.ctx.service.group.dissolve(self.ctx.user.id, self.group_id)
        self.ctx.api_success({})

    # --- members

    @describe(query=Page, answer=MemberPage, errors=(NoGroup,))
    async def members(self) -> None:
        """List members."""
        query = self.ctx.read(Page, self.ctx.query)
        members = self.ctx.service.group.members
        page = await members.page(self.ctx.user.id, self.group_id, query.after, query.limit)
        self.ctx.api_success(page)

    @describe(errors=(NoGroup, OwnerMustStay))
    async def leave(self) -> None:
        """Leave a group."""
        await self.ctx.service.group.members.leave(self.ctx.user.id, self.group_id)
        self.ctx.api_success({})

    @describe(body=Users, answer=Removed, errors=(NoGroup, NotPermitted))
    async def remove(self) -> None:
        """Remove members."""
        body = self.ctx.read(Users)
        members = self.ctx.service.group.members
        removed = await members.remove(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Removed(removed))

    @describe(body=OneUser, answer=NewOwner, errors=(NoGroup, NotPermitted, NoMember))
    async def hand_over(self) -> None:
        """Transfer ownership to another member."""
        body = self.ctx.read(OneUser)
        members = self.ctx.service.group.members
        await members.hand_over(self.ctx.user.id, self.group_id, body.user_id)
        self.ctx.api_success(NewOwner(body.user_id))

    @describe(body=SetRole, answer=SetRole, errors=(NoGroup, NotPermitted, NoMember))
    async def roles(self) -> None:
        """Make a member an administrator, or an ordinary member again."""
        body = self.ctx.read(SetRole)
        members = self.ctx.service.group.members
        await members.set_role(self.ctx.user.id, self.group_id, body.user_id, body.role)
        self.ctx.api_success(body)

    @describe(body=Mute, answer=Muted, errors=(NoGroup, NotPermitted, NoMember))
    async def mute(self) -> None:
        """Mute a member for some time, or unmute them."""
        body = self.ctx.read(Mute)
        members = self.ctx.service.group.members
        until = await members.mute(self.ctx.user.id, self.group_id, body.user_id, body.seconds)
        self.ctx.api_success(Muted(body.user_id, until))

    @describe(body=OwnNickname, answer=OwnNickname, errors=(NoGroup,))
    async def nickname(self) -> None:
        """Set your nickname in the group."""
        body = self.ctx.read(OwnNickname)
        members = self.ctx.service.group.members
        await members.rename(self.ctx.user.id, self.group_id, body.nickname)
        self.ctx.api_success(body)

    # --- joining

    @describe(
        body=Users,
        answer=Invited,
        errors=(NoGroup, NotPermitted, GroupFull, RequestsFull),
    )
    async def invite(self) -> None:
        """Invite users."""
        body = self.ctx.read(Users)
        joining = self.ctx.service.group.joining
        self.ctx.api_success(await joining.invite(self.ctx.user.id, self.group_id, body.users))

    @describe(body=Join, answer=JoinResult, errors=(NoGroup, GroupFull, RequestsFull))
    async def join(self) -> None:
        """Join a group, or request to join it."""
        body = self.ctx.read(Join)
        joining = self.ctx.service.group.joining
        state = await joining.join(self.ctx.user.id, self.group_id, body.text)
        self.ctx.api_success(JoinResult(state))

    @describe(query=Page, answer=WaitingPage, errors=(NoGroup, NotPermitted))
    async def requests(self) -> None:
        """List join requests."""
        query = self.ctx.read(Page, self.ctx.query)
        joining = self.ctx.service.group.joining
        page = await joining.requests(self.ctx.user.id, self.group_id, query.after, query.limit)
        self.ctx.api_success(page)

    @describe(body=Users, answer=Accepted, errors=(NoGroup, NotPermitted, GroupFull))
    async def accept(self) -> None:
        """Accept join requests."""
        body = self.ctx.read(Users)
        joining = self.ctx.service.group.joining
        joined = await joining.accept(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Accepted(joined))

    @describe(body=Users, answer=Refused, errors=(NoGroup, NotPermitted))
    async def refuse(self) -> None:
        """Refuse join requests."""
        body = self.ctx.read(Users)
        joining = self.ctx.service.group.joining
        refused = await joining.refuse(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Refused(refused))
