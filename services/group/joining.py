"""How people come into a group."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from models import JoinRequest
from services.group.change import ADMIN, Change, changing, member_of
from services.group.forms import Invited, Waiting, WaitingPage
from services.group.people import ask_for, willing
from services.wire import group as group_conv
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class JoiningService(Service):
    """Brings people into groups, at once or when an administrator lets them in."""

    ctx: Context

    async def invite(self, user_id: int, group_id: int, user_ids: Collection[int]) -> Invited:
        """
        Bring people into a group, or let them wait for an administrator.

        Args:
            user_id: who invites.
            group_id: the group.
            user_ids: whom.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one may not invite.
            GroupFull: not all of them have room; then nobody is brought in.
            RequestsFull: too many wait to be let in.
        """
        async with changing(self.ctx, group_id) as change:
            inviter = await change.who(user_id, change.group.invite_role)
            there = await change.find(user_ids)
            others = {*user_ids} - there.keys()
            coming = await willing(change.connection, others, user_id)
            at_once = inviter.role >= ADMIN or not change.group.approval
            if coming and at_once:
                await self._let_in(change, coming, user_id)
            elif coming:
                await ask_for(change, coming, user_id)
        return Invited(
            joined=coming if at_once else [],
            requested=[] if at_once else coming,
            members=sorted(there),
            refused=sorted(others - {*coming}),
        )

    async def join(self, user_id: int, group_id: int, text: str) -> Literal["joined", "requested"]:
        """
        Come into a group, or wait for an administrator. Doing it again changes nothing.

        Args:
            user_id: who comes.
            group_id: the group.
            text: what an administrator reads.

        Raises:
            NoGroup: there is none.
            GroupFull: there is no room.
            RequestsFull: too many wait to be let in.
        """
        async with changing(self.ctx, group_id) as change:
            if user_id in await change.find([user_id]):
                return "joined"
            if change.group.approval:
                await ask_for(change, [user_id], None, text)
                return "requested"
            await self._let_in(change, [user_id], user_id)
        return "joined"

    async def accept(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Let people in who wait for it.

        Args:
            user_id: an administrator.
            group_id: the group.
            user_ids: whom. Who does not wait is passed over.

        Returns:
            who came in.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one is no administrator.
            GroupFull: not all of them have room; then nobody is let in.
        """
        async with changing(self.ctx, group_id) as change:
            coming = await willing(change.connection, await _decide(change, user_id, user_ids))
            if coming:
                await self._let_in(change, coming, user_id)
        return coming

    async def refuse(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Send people away who wait to be let in; they are told.

        Args:
            user_id: an administrator.
            group_id: the group.
            user_ids: whom. Who does not wait is passed over.

        Returns:
            who was sent away.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one is no administrator.
        """
        async with changing(self.ctx, group_id) as change:
            away = await _decide(change, user_id, user_ids)
            if away:
                change.frames.append(({"event": "join_refused", "group_id": group_id}, away))
        return away

    async def _let_in(self, change: Change, user_ids: list[int], by: int) -> None:
        await change.add(user_ids, self.ctx.app.config.chat.group_members)
        await change.forget_requests(user_ids)
        await change.say("joined", by, users=user_ids)

    async def requests(self, user_id: int, group_id: int, after: int, limit: int) -> WaitingPage:
        """
        Give some of those who wait to be let in, by user id.

        Args:
            user_id: who asks.
            group_id: the group.
            after: only those with a greater id.
            limit: how many at most.

        Raises:
            NoGroup: there is none, or one is not in it.
            NotPermitted: one is no administrator.
        """
        await member_of(group_conv(group_id), user_id, ADMIN)
        rows = (
            await JoinRequest.filter(group_id=group_id, user_id__gt=after)
            .order_by("user_id")
            .limit(limit + 1)
        )
        shown = rows[:limit]
        people = await self.ctx.service.account.users.people([row.user_id for row in shown])
        waiting = [
            Waiting(people[row.user_id], row.inviter_id, row.text, row.create_time)
            for row in shown
            if row.user_id in people
        ]
        return WaitingPage(waiting, more=len(rows) > limit)


async def _decide(change: Change, user_id: int, user_ids: Collection[int]) -> list[int]:
    """Give those of some people who wait to be let in, and wait no longer, sorted."""
    await change.who(user_id, ADMIN)
    requests = JoinRequest.filter(group_id=change.group.id, user_id__in=list(user_ids))
    rows = await requests.using_db(change.connection).values_list("user_id")
    waiting = sorted(row[0] for row in rows)
    if waiting:
        await change.forget_requests(waiting)
    return waiting
