"""Groups: making one, what it is called, its rules, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models import Conversation, Group, Member
from models.columns import milliseconds
from services.errors import GroupFull, NoGroup
from services.group.change import ADMIN, OWNER, Change, changing, member_of, tell_all
from services.group.forms import GroupChanges, GroupView, NewGroup, NewGroupView, Oneself
from services.group.people import willing
from services.wire import group as group_conv
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

LOOKS = ("name", "avatar")
RULES = ("history", "approval", "invite_role", "muted")
OWNERS_RULES = frozenset({"history", "invite_role"})
"""What only the owner decides; all else an administrator may change too."""


class GroupService(Service):
    """Makes, shows, changes and dissolves groups."""

    ctx: Context

    async def create(self, user_id: int, wanted: NewGroup) -> NewGroupView:
        """
        Make a group, with its members, in as many queries for two as for 5,000.

        Args:
            user_id: its owner.
            wanted: what it is to be. Who does not want to hear from the owner is left out.

        Raises:
            GroupFull: too many members.
        """
        limit = self.ctx.app.config.chat.group_members
        others = sorted({*wanted.members} - {user_id})
        if len(others) >= limit:
            raise GroupFull
        async with self.ctx.app.orm.transaction() as connection:
            joining = await willing(connection, others, user_id)
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
            # Nobody knows of it before the commit: the row is as good as locked.
            conversation = await Conversation.create(
                conv=group_conv(group.id), chat_type="group", using_db=connection
            )
            change = Change(connection, conversation, group)
            await change.add([user_id], limit, OWNER)
            if joining:
                await change.add(joining, limit)
            await change.say("created", user_id, name=group.name, member_count=group.member_count)
            await change.save()
        await tell_all(self.ctx, change)
        refused = sorted({*others} - {*joining})
        return NewGroupView(**_columns(group), me=Oneself(OWNER, "", 0), refused=refused)

    async def show(self, user_id: int, group_id: int) -> GroupView:
        """
        Give a group that one is in.

        Raises:
            NoGroup: there is none, or one is not in it.
        """
        member = await member_of(group_conv(group_id), user_id)
        group = await Group.get_or_none(id=group_id, dissolve_time=None)
        if group is None:
            raise NoGroup
        return _view(group, member)

    async def change(self, user_id: int, group_id: int, wanted: GroupChanges) -> GroupView:
        """
        Change what a group is called, its notice, or its rules.

        Args:
            user_id: who asks.
            group_id: the group.
            wanted: what is to be different. What is so already is no change.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one's role is too low.
        """
        given = {
            name: int(value) if isinstance(value, bool) else value
            for name in wanted.__struct_fields__
            if (value := getattr(wanted, name)) is not None
        }
        least = OWNER if OWNERS_RULES & given.keys() else ADMIN
        async with changing(self.ctx, group_id) as change:
            member = await change.who(user_id, least)
            group = change.group
            new = {name: value for name, value in given.items() if getattr(group, name) != value}
            group.update_from_dict(new)
            if looks := {name: new[name] for name in LOOKS if name in new}:
                await change.say("renamed", user_id, **looks)
            if "notice" in new:
                await change.say("notice", user_id, notice=group.notice)
            if rules := {name: getattr(wanted, name) for name in RULES if name in new}:
                await change.say("settings", user_id, **rules)
                change.moves()
        return _view(group, member)

    async def dissolve(self, user_id: int, group_id: int) -> None:
        """
        End a group: nobody is in it any more.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one is not the owner.
        """
        async with changing(self.ctx, group_id) as change:
            await change.who(user_id, OWNER)
            await change.remove_all()
            await change.say("dissolved", user_id)
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
