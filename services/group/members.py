"""The members of a group and their roles."""

from __future__ import annotations

from collections.abc import Collection

from models import Member
from models.columns import milliseconds
from services import Service, permissions
from services.errors import NoMember, NotPermitted, OwnerMustStay
from services.group.change import Change, changing, member_of
from services.group.forms import MemberPage, MemberView
from services.group.pages import page_by_user
from services.group.roles import MEMBER, OWNER
from services.names import normalize_display_name
from services.wire import group_conv


class MembersService(Service):
    """Lists and removes the members of groups, and changes their roles."""

    # --- listing

    async def page(self, user_id: int, group_id: int, after: int, limit: int) -> MemberPage:
        """
        Return a page of members, by user id.

        Args:
            user_id: the member who asks.
            group_id: the group.
            after: only users with a greater id.
            limit: the largest number of users.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
        """
        await member_of(group_conv(group_id), user_id)
        rows = Member.filter(conv=group_conv(group_id))
        shown, more = await page_by_user(rows, after, limit)
        people = await self.ctx.service.account.users.find_many([row.user_id for row in shown])
        members = []
        for row in shown:
            person = people.get(row.user_id)  # None where another program deleted the user
            members.append(
                MemberView(
                    user_id=row.user_id,
                    username=person.username if person else "",
                    nickname=row.nickname or (person.nickname if person else ""),
                    avatar=person.avatar if person else "",
                    role=row.role,
                    muted_until=row.muted_until,
                    online=person is not None and person.online,
                )
            )
        return MemberPage(members, more)

    # --- leaving

    async def leave(self, user_id: int, group_id: int) -> None:
        """
        Leave a group.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            OwnerMustStay: the user is the owner.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            member = await change.require_member(user_id)
            if member.role == OWNER:
                raise OwnerMustStay
            await change.remove([user_id])
            await change.add_notice("left", user_id, users=[user_id])

    async def remove(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Remove members. Admins may remove ordinary members, the owner anybody else.

        Removed users return only when an admin invites them.

        Args:
            user_id: the member who asks.
            group_id: the group.
            user_ids: the users to remove. Those who are not members are skipped.

        Returns:
            the removed users.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user's role is not above all of theirs.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            member = await change.require_member(user_id, permissions.REMOVE.role)
            found = await change.members(user_ids)
            if any(one.role >= member.role for one in found.values()):
                raise NotPermitted
            if found:
                await change.remove(found)
                await change.exclude(found, user_id, banned=False)
                await change.add_notice("removed", user_id, users=[*found])
        return [*found]

    # --- roles

    async def hand_over(self, user_id: int, group_id: int, to_id: int) -> None:
        """
        Transfer the ownership to another member. The former owner becomes an ordinary member.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not the owner.
            NoMember: the other user is not a member.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            await change.require_member(user_id, permissions.HAND_OVER.role)
            if to_id not in await change.members({user_id, to_id}):
                raise NoMember
            if to_id != user_id:
                await change.update_member(user_id, role=MEMBER)
                await change.update_member(to_id, role=OWNER, muted_until=0)
                change.group.owner_id = to_id
                await change.add_notice("owner", user_id, users=[to_id])

    async def set_role(self, user_id: int, group_id: int, to_id: int, role: int) -> None:
        """
        Make a member an admin, or an ordinary member again.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not the owner, or the other one is.
            NoMember: the other user is not a member.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            member = await self._below(change, user_id, permissions.SET_ROLE.role, to_id)
            if member.role != role:
                await change.update_member(to_id, role=role)
                await change.add_notice("role", user_id, users=[to_id], role=role)

    async def mute(self, user_id: int, group_id: int, to_id: int, seconds: int) -> int:
        """
        Mute a member for a time. Admins may mute ordinary members, the owner anybody else.

        Args:
            user_id: the member who asks.
            group_id: the group.
            to_id: the member to mute.
            seconds: the duration from now; 0 unmutes.

        Returns:
            the end in milliseconds since 1970; 0 where the member is not muted.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user's role is not above the other's.
            NoMember: the other user is not a member.
        """
        now = milliseconds()
        until = now + seconds * 1000 if seconds else 0
        async with changing(self.ctx, group_id, user_id) as change:
            member = await self._below(change, user_id, permissions.MUTE.role, to_id)
            if until:
                await change.update_member(to_id, muted_until=until)
                await change.add_notice("muted", user_id, users=[to_id], until=until)
            elif member.muted_until > now:
                await change.update_member(to_id, muted_until=0)
                await change.add_notice("unmuted", user_id, users=[to_id])
        return until

    async def _below(self, change: Change, user_id: int, least: int, to_id: int) -> Member:
        """Return the member to change, whose role must be lower than that of the user."""
        asking = await change.require_member(user_id, least)
        member = (await change.members([to_id])).get(to_id)
        if member is None:
            raise NoMember
        if member.role >= asking.role:
            raise NotPermitted
        return member

    async def rename(self, user_id: int, group_id: int, nickname: str) -> str:
        """
        Set the user's nickname in a group; "" removes it. Returns it as it is stored.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NameNotAllowed: it has invisible, control or direction characters.
        """
        nickname = normalize_display_name(nickname)
        await member_of(group_conv(group_id), user_id)
        await Member.filter(conv=group_conv(group_id), user_id=user_id).update(nickname=nickname)
        return nickname
