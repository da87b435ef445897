"""Groups: create, show, change and dissolve them."""

from __future__ import annotations

from typing import Any

from models import Conversation, Group, Member
from models.columns import milliseconds
from services import Service
from services.errors import GroupFull, NoGroup
from services.group.candidates import addable
from services.group.change import Change, changing, member_of, push_change
from services.group.forms import GroupChanges, GroupView, NewGroup, NewGroupView, Oneself
from services.group.roles import ADMIN, OWNER
from services.wire import group_conv

LOOKS = ("name", "avatar")
RULES = ("history", "approval", "invite_role", "muted")
OWNER_RULES = frozenset({"history", "invite_role"})
"""Rules that only the owner may change; admins may change the rest, too."""


class GroupService(Service):
    """Creates, shows, changes and dissolves groups."""

    async def create(self, user_id: int, wanted: NewGroup) -> NewGroupView:
        """
        Create a group with its members. The number of queries does not grow with the members.

        Args:
            user_id: the owner.
            wanted: the group. Members who blocked the owner are left out.

        Raises:
            GroupFull: there are too many members.
        """
        limit = self.ctx.app.config.chat.group_members
        others = sorted({*wanted.members} - {user_id})
        if len(others) >= limit:
            raise GroupFull
        async with self.ctx.app.orm.transaction() as connection:
            members = await addable(connection, others, user_id)
            group = await Group.create(
                name=wanted.name,
                avatar=wanted.avatar,
                notice=wanted.notice,
                owner_id=user_id,
                history=int(wanted.history),
                approval=int(wanted.approval),
                invite_role=wanted.invite_role,
                using_db=connection,
            )
            # Nobody else sees it before the commit: no lock is needed.
            conversation = await Conversation.create(
                conv=group_conv(group.id), chat_type="group", using_db=connection
            )
            change = Change(connection, conversation, group)
            await change.add([user_id], limit, OWNER)
            if members:
                await change.add(members, limit)
            await change.add_notice(
                "created", user_id, name=group.name, member_count=group.member_count
            )
            await change.save()
        await push_change(self.ctx, change)
        refused = sorted({*others} - {*members})
        return NewGroupView(**_columns(group), me=Oneself(OWNER, "", 0), refused=refused)

    async def show(self, user_id: int, group_id: int) -> GroupView:
        """
        Return a group of which the user is a member.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
        """
        member = await member_of(group_conv(group_id), user_id)
        group = await Group.get_or_none(id=group_id, dissolve_time=None)
        if group is None:
            raise NoGroup
        return _view(group, member)

    async def change(self, user_id: int, group_id: int, wanted: GroupChanges) -> GroupView:
        """
        Change a group's name, avatar, notice or rules.

        Args:
            user_id: the member who asks.
            group_id: the group.
            wanted: the changes. A value that is the same already is no change.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user's role is too low.
        """
        given = {
            name: int(value) if isinstance(value, bool) else value
            for name in wanted.__struct_fields__
            if (value := getattr(wanted, name)) is not None
        }
        least = OWNER if OWNER_RULES & given.keys() else ADMIN
        async with changing(self.ctx, group_id) as change:
            member = await change.require_member(user_id, least)
            group = change.group
            new = {name: value for name, value in given.items() if getattr(group, name) != value}
            group.update_from_dict(new)
            if looks := {name: new[name] for name in LOOKS if name in new}:
                await change.add_notice("renamed", user_id, **looks)
            if "notice" in new:
                await change.add_notice("notice", user_id, notice=group.notice)
            if rules := {name: getattr(wanted, name) for name in RULES if name in new}:
                await change.add_notice("settings", user_id, **rules)
                change.mark_changed()
        return _view(group, member)

    async def dissolve(self, user_id: int, group_id: int) -> None:
        """
        Dissolve a group: all members are removed.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not the owner.
        """
        async with changing(self.ctx, group_id) as change:
            await change.require_member(user_id, OWNER)
            await change.remove_all()
            await change.add_notice("dissolved", user_id)
            change.group.dissolve_time = milliseconds()


def _view(group: Group, member: Member) -> GroupView:
    me = Oneself(member.role, member.nickname, member.muted_until)
    return GroupView(**_columns(group), me=me)


def _columns(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "conv": group_conv(group.id),
        "name": group.name,
        "notice": group.notice,
        "avatar": group.avatar,
        "owner_id": group.owner_id,
        "invite_role": group.invite_role,
        "approval": bool(group.approval),
        "history": bool(group.history),
        "muted": bool(group.muted),
        "member_count": group.member_count,
        "create_time": group.create_time,
    }
