"""Groups over HTTP."""

from __future__ import annotations

from controllers.api.chat.group_requests import (
    Accepted,
    Banned,
    GroupPath,
    Join,
    JoinByLink,
    JoinedByLink,
    JoinResult,
    Mute,
    Muted,
    NewLink,
    NewOwner,
    OneGroup,
    OneLink,
    OneUser,
    OwnNickname,
    Page,
    PreviewByLink,
    QrAddress,
    QrCode,
    Refused,
    Removed,
    SetRole,
    Unbanned,
    Users,
)
from extend.context import Context
from services import permissions
from services.errors import (
    BadLink,
    Excluded,
    GroupFull,
    NameNotAllowed,
    NoFile,
    NoGroup,
    NoInvitation,
    NoMember,
    NotPermitted,
    OwnerMustStay,
    RequestsFull,
    TooManyAdded,
    TooManyBanned,
    TooManyGroups,
    TooManyInvitations,
    TooManyInvites,
    TooManyLinks,
    TypeRefused,
)
from services.group.forms import (
    BannedPage,
    GroupChanges,
    GroupView,
    InvitationPage,
    Invited,
    LinkPreview,
    Links,
    MemberPage,
    NewGroup,
    NewGroupView,
    NewLinkView,
    WaitingPage,
)
from services.wire import group_conv
from yolk import Controller, describe


class GroupController(Controller[Context]):
    """A controller for groups, their members and their join requests."""

    section = "Groups"
    section_summary = "Create groups, invite and manage members, and change settings."

    @property
    def group_id(self) -> int:
        """The id of the group in the path."""
        return self.ctx.read(GroupPath, self.ctx.params).id

    @permissions.allows(permissions.USERS)
    @describe(
        body=NewGroup,
        answer=NewGroupView,
        errors=(
            *(NameNotAllowed, GroupFull, TooManyInvitations, TooManyGroups),
            *(TooManyAdded, TooManyInvites, NoFile, TypeRefused),
        ),
    )
    async def create(self) -> None:
        """Create a group."""
        body = self.ctx.read(NewGroup)
        app, user_id = self.ctx.app, self.ctx.user.id
        await app.rates.take(app.config.chat.limits.group, "group", user_id, TooManyGroups)
        self.ctx.api_success(await self.ctx.service.group.create(self.ctx.user.id, body))

    @permissions.allows(permissions.MEMBERS)
    @describe(answer=GroupView, errors=(NoGroup,))
    async def show(self) -> None:
        """Show a group that you are a member of."""
        self.ctx.api_success(await self.ctx.service.group.show(self.ctx.user.id, self.group_id))

    @permissions.allows(permissions.CHANGE_GROUP, permissions.CHANGE_RULES)
    @describe(
        body=GroupChanges,
        answer=GroupView,
        errors=(NoGroup, NotPermitted, NameNotAllowed, NoFile, TypeRefused),
    )
    async def change(self) -> None:
        """Change a group's name, avatar, notice or rules."""
        body = self.ctx.read(GroupChanges)
        group = self.ctx.service.group
        self.ctx.api_success(await group.change(self.ctx.user.id, self.group_id, body))

    @permissions.allows(permissions.DISSOLVE)
    @describe(errors=(NoGroup, NotPermitted))
    async def dissolve(self) -> None:
        """Dissolve a group that you own."""
        await self.ctx.service.group.dissolve(self.ctx.user.id, self.group_id)
        self.ctx.api_success({})

    # --- members

    @permissions.allows(permissions.MEMBERS)
    @describe(query=Page, answer=MemberPage, errors=(NoGroup,))
    async def members(self) -> None:
        """List members."""
        query = self.ctx.read(Page, self.ctx.query)
        members = self.ctx.service.group.members
        page = await members.page(self.ctx.user.id, self.group_id, query.after, query.limit)
        self.ctx.api_success(page)

    @permissions.allows(permissions.LEAVE)
    @describe(errors=(NoGroup, OwnerMustStay))
    async def leave(self) -> None:
        """Leave a group."""
        await self.ctx.service.group.members.leave(self.ctx.user.id, self.group_id)
        self.ctx.api_success({})

    @permissions.allows(permissions.REMOVE, permissions.REMOVE_ADMIN)
    @describe(body=Users, answer=Removed, errors=(NoGroup, NotPermitted))
    async def remove(self) -> None:
        """Remove members."""
        body = self.ctx.read(Users)
        members = self.ctx.service.group.members
        removed = await members.remove(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Removed(removed))

    @permissions.allows(permissions.HAND_OVER)
    @describe(body=OneUser, answer=NewOwner, errors=(NoGroup, NotPermitted, NoMember))
    async def hand_over(self) -> None:
        """Transfer ownership to another member."""
        body = self.ctx.read(OneUser)
        members = self.ctx.service.group.members
        await members.hand_over(self.ctx.user.id, self.group_id, body.user_id)
        self.ctx.api_success(NewOwner(body.user_id))

    @permissions.allows(permissions.SET_ROLE)
    @describe(body=SetRole, answer=SetRole, errors=(NoGroup, NotPermitted, NoMember))
    async def roles(self) -> None:
        """Make a member an administrator, or an ordinary member again."""
        body = self.ctx.read(SetRole)
        members = self.ctx.service.group.members
        await members.set_role(self.ctx.user.id, self.group_id, body.user_id, body.role)
        self.ctx.api_success(body)

    @permissions.allows(permissions.MUTE, permissions.MUTE_ADMIN)
    @describe(body=Mute, answer=Muted, errors=(NoGroup, NotPermitted, NoMember))
    async def mute(self) -> None:
        """Mute a member for some time, or unmute them."""
        body = self.ctx.read(Mute)
        members = self.ctx.service.group.members
        until = await members.mute(self.ctx.user.id, self.group_id, body.user_id, body.seconds)
        self.ctx.api_success(Muted(body.user_id, until))

    @permissions.allows(permissions.MEMBERS)
    @describe(body=OwnNickname, answer=OwnNickname, errors=(NoGroup, NameNotAllowed))
    async def nickname(self) -> None:
        """Set your nickname in the group."""
        body = self.ctx.read(OwnNickname)
        members = self.ctx.service.group.members
        nickname = await members.rename(self.ctx.user.id, self.group_id, body.nickname)
        self.ctx.api_success(OwnNickname(nickname))

    # --- joining

    @permissions.allows(permissions.INVITE)
    @describe(
        body=Users,
        answer=Invited,
        errors=(
            *(NoGroup, NotPermitted, GroupFull, RequestsFull),
            *(TooManyInvitations, TooManyAdded, TooManyInvites),
        ),
    )
    async def invite(self) -> None:
        """Invite users. Those who do not know you are asked whether they want to join."""
        body = self.ctx.read(Users)
        joining = self.ctx.service.group.joining
        self.ctx.api_success(await joining.invite(self.ctx.user.id, self.group_id, body.users))

    @permissions.allows(*permissions.JOIN)
    @describe(body=Join, answer=JoinResult, errors=(NoGroup, Excluded, GroupFull, RequestsFull))
    async def join(self) -> None:
        """Join an open group, or request to join one that needs approval."""
        body = self.ctx.read(Join)
        joining = self.ctx.service.group.joining
        state = await joining.join(self.ctx.user.id, self.group_id, body.text)
        self.ctx.api_success(JoinResult(state))

    @permissions.allows(permissions.DECIDE_REQUESTS)
    @describe(query=Page, answer=WaitingPage, errors=(NoGroup, NotPermitted))
    async def requests(self) -> None:
        """List join requests."""
        query = self.ctx.read(Page, self.ctx.query)
        joining = self.ctx.service.group.joining
        page = await joining.requests(self.ctx.user.id, self.group_id, query.after, query.limit)
        self.ctx.api_success(page)

    @permissions.allows(permissions.DECIDE_REQUESTS)
    @describe(body=Users, answer=Accepted, errors=(NoGroup, NotPermitted, GroupFull))
    async def accept(self) -> None:
        """Accept join requests."""
        body = self.ctx.read(Users)
        joining = self.ctx.service.group.joining
        joined = await joining.accept(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Accepted(joined))

    @permissions.allows(permissions.DECIDE_REQUESTS)
    @describe(body=Users, answer=Refused, errors=(NoGroup, NotPermitted))
    async def refuse(self) -> None:
        """Refuse join requests."""
        body = self.ctx.read(Users)
        joining = self.ctx.service.group.joining
        refused = await joining.refuse(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Refused(refused))

    # --- invitations

    @permissions.allows(permissions.USERS)
    @describe(query=Page, answer=InvitationPage)
    async def invitations(self) -> None:
        """List your invitations to groups."""
        query = self.ctx.read(Page, self.ctx.query)
        invitations = self.ctx.service.group.invitations
        page = await invitations.page(self.ctx.user.id, query.after, query.limit)
        self.ctx.api_success(page)

    @permissions.allows(*permissions.ANSWER_INVITATION)
    @describe(body=OneGroup, answer=JoinResult, errors=(NoInvitation, GroupFull, RequestsFull))
    async def accept_invitation(self) -> None:
        """Accept an invitation to a group."""
        body = self.ctx.read(OneGroup)
        invitations = self.ctx.service.group.invitations
        state = await invitations.accept(self.ctx.user.id, body.group_id)
        self.ctx.api_success(JoinResult(state))

    @permissions.allows(*permissions.ANSWER_INVITATION)
    @describe(body=OneGroup, errors=(NoInvitation,))
    async def decline_invitation(self) -> None:
        """Decline an invitation to a group."""
        body = self.ctx.read(OneGroup)
        await self.ctx.service.group.invitations.decline(self.ctx.user.id, body.group_id)
        self.ctx.api_success({})

    # --- invitation links

    @permissions.allows(permissions.CREATE_LINK)
    @describe(
        body=NewLink,
        answer=NewLinkView,
        errors=(NoGroup, NotPermitted, TooManyLinks, TooManyInvites),
    )
    async def create_link(self) -> None:
        """Create an invitation link."""
        body = self.ctx.read(NewLink)
        links = self.ctx.service.group.links
        user_id, seconds = self.ctx.user.id, body.expires_in
        self.ctx.api_success(await links.create(user_id, self.group_id, seconds, body.max_uses))

    @permissions.allows(permissions.DRAW_QR)
    @describe(body=QrAddress, answer=QrCode, errors=(NoGroup,))
    async def draw_qr(self) -> None:
        """Draw the QR code of an invitation link."""
        body = self.ctx.read(QrAddress)
        links = self.ctx.service.group.links
        self.ctx.api_success(QrCode(await links.qr(self.ctx.user.id, self.group_id, body.address)))

    @permissions.allows(permissions.LIST_LINKS)
    @describe(answer=Links, errors=(NoGroup, NotPermitted))
    async def links(self) -> None:
        """List invitation links."""
        links = self.ctx.service.group.links
        self.ctx.api_success(await links.list(self.ctx.user.id, self.group_id))

    @permissions.allows(permissions.REVOKE_LINK, permissions.REVOKE_OWN_LINK)
    @describe(body=OneLink, errors=(NoGroup, NotPermitted, BadLink))
    async def revoke_link(self) -> None:
        """Revoke an invitation link."""
        body = self.ctx.read(OneLink)
        await self.ctx.service.group.links.revoke(self.ctx.user.id, self.group_id, body.id)
        self.ctx.api_success({})

    @permissions.allows(permissions.USERS)
    @describe(body=PreviewByLink, answer=LinkPreview, errors=(BadLink,))
    async def preview(self) -> None:
        """Show the group of an invitation link."""
        body = self.ctx.read(PreviewByLink)
        links = self.ctx.service.group.links
        self.ctx.api_success(await links.preview(self.ctx.user.id, body.link_token))

    @permissions.allows(permissions.NOT_REMOVED)
    @describe(
        body=JoinByLink,
        answer=JoinedByLink,
        errors=(BadLink, Excluded, GroupFull, RequestsFull),
    )
    async def join_by_link(self) -> None:
        """Join a group with an invitation link."""
        body = self.ctx.read(JoinByLink)
        links = self.ctx.service.group.links
        group_id, state = await links.join(self.ctx.user.id, body.link_token, body.text)
        self.ctx.api_success(JoinedByLink(group_id, group_conv(group_id), state))

    # --- bans

    @permissions.allows(permissions.BAN, permissions.BAN_ADMIN)
    @describe(body=Users, answer=Banned, errors=(NoGroup, NotPermitted, TooManyBanned))
    async def ban(self) -> None:
        """Ban users. Members are removed."""
        body = self.ctx.read(Users)
        bans = self.ctx.service.group.bans
        self.ctx.api_success(Banned(await bans.ban(self.ctx.user.id, self.group_id, body.users)))

    @permissions.allows(permissions.UNBAN)
    @describe(body=Users, answer=Unbanned, errors=(NoGroup, NotPermitted))
    async def unban(self) -> None:
        """Unban users."""
        body = self.ctx.read(Users)
        bans = self.ctx.service.group.bans
        unbanned = await bans.unban(self.ctx.user.id, self.group_id, body.users)
        self.ctx.api_success(Unbanned(unbanned))

    @permissions.allows(permissions.LIST_BANS)
    @describe(query=Page, answer=BannedPage, errors=(NoGroup, NotPermitted))
    async def bans(self) -> None:
        """List banned users."""
        query = self.ctx.read(Page, self.ctx.query)
        bans = self.ctx.service.group.bans
        page = await bans.page(self.ctx.user.id, self.group_id, query.after, query.limit)
        self.ctx.api_success(page)
