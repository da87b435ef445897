"""Groups over HTTP."""

from __future__ import annotations

from controllers.api.chat import group_requests as forms
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
    """Makes groups, brings people in and out, and says who may do what."""

    @property
    def group_id(self) -> int:
        """The group in the address."""
        return self.ctx.read(forms.Which, self.ctx.params).id

    @describe(body=NewGroup, answer=NewGroupView, errors=(GroupFull,))
    async def create(self) -> None:
        """Make a group."""
        wanted = self.ctx.read(NewGroup)
        self.ctx.api_success(await self.ctx.service.group.create(self.ctx.user.id, wanted))

    @describe(answer=GroupView, errors=(NoGroup,))
    async def show(self) -> None:
        """Show a group that one is in."""
        self.ctx.api_success(await self.ctx.service.group.show(self.ctx.user.id, self.group_id))

    @describe(body=GroupChanges, answer=GroupView, errors=(NoGroup, NotPermitted))
    async def change(self) -> None:
        """Change a group's name, avatar, notice or rules."""
        wanted = self.ctx.read(GroupChanges)
        group = self.ctx.service.group
        self.ctx.api_success(await group.change(self.ctx.user.id, self.group_id, wanted))

    @describe(errors=(NoGroup, NotPermitted))
    async def dissolve(self) -> None:
        """End a group of one's own."""
        await self.ctx.service.group.dissolve(self.ctx.user.id, self.group_id)
        self.ctx.api_success({})

    # --- members

    @describe(query=forms.Page, answer=MemberPage, errors=(NoGroup,))
    async def members(self) -> None:
        """Show some members."""
        asked = self.ctx.read(forms.Page, self.ctx.query)
        members = self.ctx.service.group.members
        page = await members.page(self.ctx.user.id, self.group_id, asked.after, asked.limit)
        self.ctx.api_success(page)

    @describe(errors=(NoGroup, OwnerMustStay))
    async def leave(self) -> None:
        """Go out of a group."""
        await self.ctx.service.group.members.leave(self.ctx.user.id, self.group_id)
        self.ctx.api_success({})

    @describe(body=forms.People, answer=forms.Removed, errors=(NoGroup, NotPermitted))
    async def remove(self) -> None:
        """Put people out of a group."""
        asked = self.ctx.read(forms.People)
        members = self.ctx.service.group.members
        removed = await members.remove(self.ctx.user.id, self.group_id, asked.users)
        self.ctx.api_success(forms.Removed(removed))

    @describe(body=forms.Somebody, answer=forms.NewOwner, errors=(NoGroup, NotPermitted, NoMember))
    async def hand_over(self) -> None:
        """Make another member the owner."""
        asked = self.ctx.read(forms.Somebody)
        members = self.ctx.service.group.members
        await members.hand_over(self.ctx.user.id, self.group_id, asked.user_id)
        self.ctx.api_success(forms.NewOwner(asked.user_id))

    @describe(body=forms.SetRole, answer=forms.SetRole, errors=(NoGroup, NotPermitted, NoMember))
    async def roles(self) -> None:
        """Make somebody an administrator, or an ordinary member again."""
        asked = self.ctx.read(forms.SetRole)
        members = self.ctx.service.group.members
        await members.set_role(self.ctx.user.id, self.group_id, asked.user_id, asked.role)
        self.ctx.api_success(asked)

    @describe(body=forms.Mute, answer=forms.Muted, errors=(NoGroup, NotPermitted, NoMember))
    async def mute(self) -> None:
        """Let somebody not write for a time."""
        asked = self.ctx.read(forms.Mute)
        members = self.ctx.service.group.members
        until = await members.mute(self.ctx.user.id, self.group_id, asked.user_id, asked.seconds)
        self.ctx.api_success(forms.Muted(asked.user_id, until))

    @describe(body=forms.Call, answer=forms.Call, errors=(NoGroup,))
    async def nickname(self) -> None:
        """Give oneself a name in the group."""
        asked = self.ctx.read(forms.Call)
        members = self.ctx.service.group.members
        await members.rename(self.ctx.user.id, self.group_id, asked.nickname)
        self.ctx.api_success(asked)

    # --- coming in

    @describe(
        body=forms.People, answer=Invited, errors=(NoGroup, NotPermitted, GroupFull, RequestsFull)
    )
    async def invite(self) -> None:
        """Bring people in."""
        asked = self.ctx.read(forms.People)
        joining = self.ctx.service.group.joining
        self.ctx.api_success(await joining.invite(self.ctx.user.id, self.group_id, asked.users))

    @describe(body=forms.Join, answer=forms.Coming, errors=(NoGroup, GroupFull, RequestsFull))
    async def join(self) -> None:
        """Come into a group, or ask to be let in."""
        asked = self.ctx.read(forms.Join)
        joining = self.ctx.service.group.joining
        state = await joining.join(self.ctx.user.id, self.group_id, asked.text)
        self.ctx.api_success(forms.Coming(state))

    @describe(query=forms.Page, answer=WaitingPage, errors=(NoGroup, NotPermitted))
    async def requests(self) -> None:
        """Show some of those who wait to be let in."""
        asked = self.ctx.read(forms.Page, self.ctx.query)
        joining = self.ctx.service.group.joining
        page = await joining.requests(self.ctx.user.id, self.group_id, asked.after, asked.limit)
        self.ctx.api_success(page)

    @describe(body=forms.People, answer=forms.Accepted, errors=(NoGroup, NotPermitted, GroupFull))
    async def accept(self) -> None:
        """Let people in who wait for it."""
        asked = self.ctx.read(forms.People)
        joining = self.ctx.service.group.joining
        joined = await joining.accept(self.ctx.user.id, self.group_id, asked.users)
        self.ctx.api_success(forms.Accepted(joined))

    @describe(body=forms.People, answer=forms.Refused, errors=(NoGroup, NotPermitted))
    async def refuse(self) -> None:
        """Send people away who wait to be let in."""
        asked = self.ctx.read(forms.People)
        joining = self.ctx.service.group.joining
        refused = await joining.refuse(self.ctx.user.id, self.group_id, asked.users)
        self.ctx.api_success(forms.Refused(refused))
