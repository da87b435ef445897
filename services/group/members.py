"""Who is in a group, and what they may."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from models import Member
from models.columns import milliseconds
from services.errors import NoMember, NotPermitted, OwnerMustStay
from services.group.change import ADMIN, MEMBER, OWNER, Change, changing, member_of
from services.group.forms import MemberPage, MemberView
from services.wire import group as group_conv
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class MembersService(Service):
    """Shows the members of groups, takes them out and gives them roles."""

    ctx: Context

    # --- looking

    async def page(self, user_id: int, group_id: int, after: int, limit: int) -> MemberPage:
        """
        Give some members, by user id.

        Args:
            user_id: who asks.
            group_id: the group.
            after: only those with a greater id.
            limit: how many at most.

        Raises:
            NoGroup: there is none, or one is not in it.
        """
        await member_of(group_conv(group_id), user_id)
        rows = (
            await Member.filter(conv=group_conv(group_id), user_id__gt=after)
            .order_by("user_id")
            .limit(limit + 1)
        )
        shown = rows[:limit]
        people = await self.ctx.service.account.users.people([row.user_id for row in shown])
        members = []
        for row in shown:
            person = people.get(row.user_id)  # none, where another program deleted the user
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
        return MemberPage(members, more=len(rows) > limit)

    # --- going out

    async def leave(self, user_id: int, group_id: int) -> None:
        """
        Go out of a group.

        Raises:
            NoGroup: there is none, or one is not in it.
            OwnerMustStay: the group is one's own.
        """
        async with changing(self.ctx, group_id) as change:
            member = await change.who(user_id)
            if member.role == OWNER:
                raise OwnerMustStay
            await change.remove([user_id])
            await change.say("left", user_id, users=[user_id])

    async def remove(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Put people out of a group: an administrator members, the owner anybody else.

        Args:
            user_id: who asks.
            group_id: the group.
            user_ids: whom. Who is not in it is passed over.

        Returns:
            who was put out.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one's role is not above that of all of them.
        """
        async with changing(self.ctx, group_id) as change:
            member = await change.who(user_id, ADMIN)
            found = await change.find(user_ids)
            if any(one.role >= member.role for one in found.values()):
                raise NotPermitted
            if found:
                await change.remove(found)
                await change.say("removed", user_id, users=[*found])
        return [*found]

    # --- what they may

    async def hand_over(self, user_id: int, group_id: int, to_id: int) -> None:
        """
        Make another member the owner; who was it becomes an ordinary member.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one is not the owner.
            NoMember: the other one is not in the group.
        """
        async with changing(self.ctx, group_id) as change:
            await change.who(user_id, OWNER)
            if to_id not in await change.find({user_id, to_id}):
                raise NoMember
            if to_id != user_id:
                await change.set(user_id, role=MEMBER)
                await change.set(to_id, role=OWNER, muted_until=0)
                change.group.owner_id = to_id
                await change.say("owner", user_id, users=[to_id])

    async def set_role(self, user_id: int, group_id: int, to_id: int, role: int) -> None:
        """
        Make somebody an administrator, or an ordinary member again.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one is not the owner, or it is about the owner.
            NoMember: the other one is not in the group.
        """
        async with changing(self.ctx, group_id) as change:
            member = await self._below(change, user_id, OWNER, to_id)
            if member.role != role:
                await change.set(to_id, role=role)
                await change.say("role", user_id, users=[to_id], role=role)

    async def mute(self, user_id: int, group_id: int, to_id: int, seconds: int) -> int:
        """
        Let somebody not write for a time: an administrator members, the owner anybody else.

        Args:
            user_id: who asks.
            group_id: the group.
            to_id: whom.
            seconds: how long from now on; 0 lets them write again.

        Returns:
            until when, in milliseconds since 1970; 0 when they may write.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one's role is not above the other's.
            NoMember: the other one is not in the group.
        """
        now = milliseconds()
        until = now + seconds * 1000 if seconds else 0
        async with changing(self.ctx, group_id) as change:
            member = await self._below(change, user_id, ADMIN, to_id)
            if until:
                await change.set(to_id, muted_until=until)
                await change.say("muted", user_id, users=[to_id], until=until)
            elif member.muted_until > now:
                await change.set(to_id, muted_until=0)
                await change.say("unmuted", user_id, users=[to_id])
        return until

    async def _below(self, change: Change, user_id: int, least: int, to_id: int) -> Member:
        """Give the member that somebody with at least this role wants to change."""
        asking = await change.who(user_id, least)
        member = (await change.find([to_id])).get(to_id)
        if member is None:
            raise NoMember
        if member.role >= asking.role:
            raise NotPermitted
        return member

    async def rename(self, user_id: int, group_id: int, nickname: str) -> None:
        """
        Give oneself a name in a group; "" for one's own.

        Raises:
            NoGroup: there is none, or one is not in it.
        """
        await member_of(group_conv(group_id), user_id)
        await Member.filter(conv=group_conv(group_id), user_id=user_id).update(nickname=nickname)
