"""Groups, as administrators see and close them."""

from __future__ import annotations

import msgspec

from models import Group, Member, User
from models.columns import milliseconds
from services import Service
from services.admin.accounts import UserView
from services.admin.actor import Actor
from services.errors import NoGroup
from services.group.change import changing
from services.group.pages import page_by_user
from services.wire import group_conv


class GroupAccount(msgspec.Struct):
    """A group, as administrators see it."""

    id: int
    name: str
    notice: str
    avatar: str
    owner_id: int
    member_count: int
    create_time: int
    close_time: int | None
    """When it was dissolved or closed."""


class GroupPage(msgspec.Struct):
    """A page of groups, by id."""

    groups: list[GroupAccount]
    more: bool


class GroupMember(msgspec.Struct):
    """A member of a group, as administrators see it."""

    user_id: int
    user: UserView | None
    """None if another program deleted the user."""
    role: int
    create_time: int


class GroupMemberPage(msgspec.Struct):
    """A page of members, by user id."""

    members: list[GroupMember]
    more: bool


class GroupsService(Service):
    """A service that lists and closes groups."""

    async def page(
        self, text: str, after: int, limit: int, owner_id: int | None = None
    ) -> GroupPage:
        """
        Return a page of groups, by id.

        Args:
            text: a part of the name, in any case; "" for all groups.
            after: return only groups with a greater id.
            limit: the largest number of groups.
            owner_id: only groups of this owner.
        """
        found = Group.filter(id__gt=after)
        if text:
            found = found.filter(name__icontains=text)
        if owner_id is not None:
            found = found.filter(owner_id=owner_id)
        rows = await found.order_by("id").limit(limit + 1)
        return GroupPage([_view(row) for row in rows[:limit]], more=len(rows) > limit)

    async def show(self, group_id: int) -> GroupAccount:
        """
        Return a group.

        Raises:
            NoGroup: there is no such group.
        """
        group = await Group.get_or_none(id=group_id)
        if group is None:
            raise NoGroup
        return _view(group)

    async def members(self, group_id: int, after: int, limit: int) -> GroupMemberPage:
        """
        Return a page of a group's members, by user id.

        Args:
            group_id: the group.
            after: return only users with a greater id.
            limit: the largest number of users.

        Raises:
            NoGroup: there is no such group.
        """
        await self.show(group_id)
        rows = Member.filter(conv=group_conv(group_id))
        shown, more = await page_by_user(rows, after, limit)
        users = await User.filter(id__in=[row.user_id for row in shown])
        described = await self.ctx.service.admin.accounts.describe(users)
        accounts = {account.id: account for account in described}
        members = [
            GroupMember(row.user_id, accounts.get(row.user_id), row.role, row.create_time)
            for row in shown
        ]
        return GroupMemberPage(members, more)

    async def close(self, actor: Actor, group_id: int, reason: str = "") -> None:
        """
        Close a group: all members are removed, and notified as if it had been dissolved.

        Args:
            actor: the administrator.
            group_id: the group.
            reason: for the audit.

        Raises:
            NoGroup: there is no such group, or it was closed before.
        """
        async with changing(self.ctx, group_id) as change:
            count = change.group.member_count
            await change.remove_all()
            # In the owner's name: clients know members only, and an administrator is none.
            await change.add_notice("dissolved", change.group.owner_id, by="administrator")
            change.group.dissolve_time = milliseconds()
            await self.ctx.service.admin.audit.record(
                change.connection,
                actor,
                "group.close",
                ("group", group_id),
                members=count,
                reason=reason,
            )


def _view(group: Group) -> GroupAccount:
    return GroupAccount(
        id=group.id,
        name=group.name,
        notice=group.notice,
        avatar=group.avatar,
        owner_id=group.owner_id,
        member_count=group.member_count,
        create_time=group.create_time,
        close_time=group.dissolve_time,
    )
