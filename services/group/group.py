"""Groups: create, show, change and dissolve them."""

from __future__ import annotations

import re
import secrets
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID

from models import Conversation, Group, Member
from models.columns import milliseconds
from services import Service, permissions
from services.errors import GroupFull, InvalidData, NameNotAllowed, NoGroup
from services.file.avatar import FILES_PATH, find_own_picture
from services.group.candidates import count_candidates, find_candidates
from services.group.change import Change, changing, member_of, push_change
from services.group.forms import (
    MAX_NAME_LENGTH,
    GroupChanges,
    GroupView,
    NewGroup,
    NewGroupView,
    Oneself,
)
from services.group.invitations import send_invitations
from services.group.roles import OWNER
from services.names import normalize_display_name
from services.wire import group_conv

LOOKS = ("name", "avatar")
_FOREIGN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]{2}", re.IGNORECASE)
"""An address with a scheme or a host, without the blanks that browsers and clients leave out."""
RULES = ("history", "join", "approval", "invite_role", "link_role", "muted")
OWNER_RULES = frozenset({"history", "invite_role", "link_role"})
"""Rules that only the owner may change; admins may change the rest, too."""
MAX_GROUP_ID = 2**53 - 1
"""The largest integer that JavaScript reads exactly."""


class GroupService(Service):
    """Creates, shows, changes and dissolves groups."""

    async def create(self, user_id: int, wanted: NewGroup) -> NewGroupView:
        """
        Create a group with its members. The number of queries does not grow with the members.

        Args:
            user_id: the owner.
            wanted: the group. Users who do not know the owner are invited; those who blocked the
                owner are left out.

        Raises:
            NameNotAllowed: the name has invisible, control or direction characters.
            GroupFull: there are too many members.
            TooManyInvitations: too many users have not answered the owner's invitations.
            NoFile: the avatar is `/files/<id>`, but no file that the owner uploaded.
            TypeRefused: that file is no picture.
            TooManyAdded: the owner added too many users to groups.
            TooManyInvites: the owner invited too many users.
        """
        name, limit = group_name(wanted.name), self.ctx.app.config.chat.group_members
        avatar_file = await _picture_of(user_id, wanted.avatar)
        others = sorted({*wanted.members} - {user_id})
        if len(others) >= limit:
            raise GroupFull
        await count_candidates(self.ctx, others, user_id)
        async with self.ctx.app.orm.transaction() as connection:
            found = await find_candidates(self.ctx, connection, others, user_id)
            members = found.known
            group = await Group.create(
                # Random, so that nobody finds groups by counting.
                id=1 + secrets.randbelow(MAX_GROUP_ID),
                name=name,
                avatar=wanted.avatar,
                avatar_file=avatar_file,
                notice=wanted.notice,
                owner_id=user_id,
                history=int(wanted.history),
                approval=int(wanted.join_rule == "approval"),
                open_to_all=int(wanted.join_rule == "open"),
                invite_role=wanted.invite_role,
                link_role=wanted.link_role,
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
            invited = await send_invitations(change, found.strangers, user_id)
            await change.save()
        await push_change(self.ctx, change)
        refused = sorted({*others} - {*members} - {*invited})
        me = Oneself(OWNER, "", 0)
        return NewGroupView(**_columns(group), me=me, invited=invited, refused=refused)

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
            NameNotAllowed: the name has invisible, control or direction characters.
            NoFile: the new avatar is `/files/<id>`, but no file that the user uploaded.
            TypeRefused: that file is no picture.
        """
        given: dict[str, Any] = {
            name: int(value) if isinstance(value, bool) else value
            for name in wanted.__struct_fields__
            if (value := getattr(wanted, name)) is not None
        }
        if wanted.name is not None:
            given["name"] = group_name(wanted.name)
        rule = permissions.CHANGE_RULES if OWNER_RULES & given.keys() else permissions.CHANGE_GROUP
        async with changing(self.ctx, group_id, user_id) as change:
            member = await change.require_member(user_id, rule.role)
            group = change.group
            before = _columns(group)
            join_rule, approval = given.pop("join", None), given.pop("approval", None)
            if given.get("avatar", group.avatar) != group.avatar:
                given["avatar_file"] = await _picture_of(
                    user_id, given["avatar"], change.connection
                )
            group.update_from_dict(given)
            if join_rule is not None:
                group.join_rule = join_rule
            elif approval or (approval is not None and group.join_rule == "approval"):
                group.join_rule = "approval" if approval else "closed"
            after = _columns(group)
            new = {name: after[name] for name in after if before[name] != after[name]}
            if looks := {name: new[name] for name in LOOKS if name in new}:
                await change.add_notice("renamed", user_id, **looks)
            if "notice" in new:
                await change.add_notice("notice", user_id, notice=group.notice)
            if rules := {name: new[name] for name in RULES if name in new}:
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
        async with changing(self.ctx, group_id, user_id) as change:
            await change.require_member(user_id, permissions.DISSOLVE.role)
            await change.remove_all()
            await change.add_notice("dissolved", user_id)
            change.group.dissolve_time = milliseconds()


def group_name(text: str) -> str:
    """
    Return the name of a group as it is stored and shown.

    Raises:
        NameNotAllowed: it is empty, or has invisible, control or direction characters.
    """
    name = normalize_display_name(text, MAX_NAME_LENGTH)
    if not name:
        raise NameNotAllowed
    return name


async def _picture_of(
    user_id: int, avatar: str, connection: BaseDBAsyncClient | None = None
) -> UUID | None:
    """
    Return the id of the file that is an avatar; None if it is an emoji or a path.

    Raises:
        InvalidData: it is an address of another server, which would learn who looks at the group.
    """
    visible = "".join(one for one in avatar if one.isprintable() and one != " ")
    if _FOREIGN_ADDRESS.match(visible):
        raise InvalidData("avatar: an address of another server")
    if not avatar.startswith(FILES_PATH):
        return None
    return (await find_own_picture(user_id, avatar, connection)).id


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
        "link_role": group.link_role,
        "join": group.join_rule,
        "approval": bool(group.approval),
        "history": bool(group.history),
        "muted": bool(group.muted),
        "member_count": group.member_count,
        "create_time": group.create_time,
    }
