"""Joining a group: by invitation, by request and approval, or freely."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from models import Group, JoinRequest, Member
from services import Service, permissions
from services.errors import Excluded, NoGroup
from services.group.candidates import (
    count_candidates,
    existing,
    find_candidates,
    request_approval,
)
from services.group.change import Change, changing, member_of
from services.group.forms import Invited, Waiting, WaitingPage
from services.group.invitations import send_invitations
from services.group.pages import page_by_user
from services.group.roles import ADMIN
from services.wire import group_conv


class JoiningService(Service):
    """Adds users to groups, at once or after approval."""

    @property
    def _limit(self) -> int:
        return self.ctx.app.config.chat.group_members

    async def invite(self, user_id: int, group_id: int, user_ids: Collection[int]) -> Invited:
        """
        Add users to a group, request approval for them, or ask them whether they want to join.

        Users who do not know the inviter are asked. Banned users are refused; users who were
        removed can be invited by admins.

        Args:
            user_id: the inviter.
            group_id: the group.
            user_ids: the users to add.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user may not invite.
            GroupFull: there is not room for all of them; then nobody is added.
            RequestsFull: too many requests wait for approval.
            TooManyInvitations: too many users have not answered the inviter's invitations.
            TooManyAdded: the inviter added too many users to groups.
            TooManyInvites: the inviter invited too many users.
        """
        await member_of(group_conv(group_id), user_id)
        await count_candidates(self.ctx, user_ids, user_id)
        async with changing(self.ctx, group_id, user_id) as change:
            inviter = await change.require_member(user_id, change.group.invite_role)
            is_admin = inviter.role >= ADMIN
            there = await change.members(user_ids)
            others = {*user_ids} - there.keys()
            excluded = await change.excluded(others)
            welcome = {
                one
                for one in others
                if one not in excluded or (is_admin and not excluded[one].banned)
            }
            found = await find_candidates(self.ctx, change.connection, welcome, user_id)
            coming, at_once = found.known, is_admin or not change.group.approval
            await change.readmit(excluded.keys() & {*found.known, *found.strangers})
            if coming and at_once:
                await change.welcome(coming, self._limit, user_id)
            elif coming:
                await request_approval(change, coming, user_id)
            invited = await send_invitations(change, found.strangers, user_id)
        return Invited(
            joined=coming if at_once else [],
            requested=[] if at_once else coming,
            invited=invited,
            members=sorted(there),
            refused=sorted(others - {*coming} - {*invited}),
        )

    async def join(self, user_id: int, group_id: int, text: str) -> Literal["joined", "requested"]:
        """
        Join a group that is open, or ask for approval. Repeating it changes nothing.

        Args:
            user_id: the new member.
            group_id: the group.
            text: the words for the admin who decides.

        Raises:
            NoGroup: it does not exist, or is closed.
            Excluded: the user was removed or banned.
            GroupFull: the group is full.
            RequestsFull: too many requests wait for approval.
        """
        # The same queries whether or not the group exists, before anything is locked.
        member = await Member.get_or_none(conv=group_conv(group_id), user_id=user_id)
        group = await Group.get_or_none(id=group_id, dissolve_time=None)
        if member is not None:
            return "joined"
        if group is None or group.join_rule == "closed":
            raise NoGroup
        async with changing(self.ctx, group_id) as change:
            if user_id in await change.members([user_id]):
                return "joined"
            if change.group.join_rule == "closed":
                raise NoGroup
            if await change.excluded([user_id]):
                raise Excluded
            if change.group.approval:
                await request_approval(change, [user_id], None, text)
                return "requested"
            await change.welcome([user_id], self._limit, user_id)
        return "joined"

    async def accept(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Accept join requests.

        Args:
            user_id: an admin.
            group_id: the group.
            user_ids: the users to accept. Those without a request are skipped.

        Returns:
            the new members.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not an admin.
            GroupFull: there is not room for all of them; then nobody is added.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            coming = await existing(change.connection, await _decide(change, user_id, user_ids))
            if coming:
                await change.welcome(coming, self._limit, user_id)
        return coming

    async def refuse(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Reject join requests, and notify the users.

        Args:
            user_id: an admin.
            group_id: the group.
            user_ids: the users to reject. Those without a request are skipped.

        Returns:
            the rejected users.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not an admin.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            rejected = await _decide(change, user_id, user_ids)
            if rejected:
                change.frames.append(({"event": "join_refused", "group_id": group_id}, rejected))
        return rejected

    async def requests(self, user_id: int, group_id: int, after: int, limit: int) -> WaitingPage:
        """
        Return a page of join requests, by user id.

        Args:
            user_id: the member who asks.
            group_id: the group.
            after: only users with a greater id.
            limit: the largest number of users.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not an admin.
        """
        least = permissions.DECIDE_REQUESTS.role
        await member_of(group_conv(group_id), user_id, least)
        rows = JoinRequest.filter(group_id=group_id)
        shown, more = await page_by_user(rows, after, limit)
        people = await self.ctx.service.account.users.find_many([row.user_id for row in shown])
        waiting = [
            Waiting(people[row.user_id], row.inviter_id, row.text, row.create_time)
            for row in shown
            if row.user_id in people
        ]
        return WaitingPage(waiting, more)


async def _decide(change: Change, user_id: int, user_ids: Collection[int]) -> list[int]:
    """Delete the join requests of these users; return those who had one, sorted."""
    await change.require_member(user_id, permissions.DECIDE_REQUESTS.role)
    requests = JoinRequest.filter(group_id=change.group.id, user_id__in=list(user_ids))
    rows = await requests.using_db(change.connection).values_list("user_id")
    waiting = sorted(row[0] for row in rows)
    if waiting:
        await change.delete_requests(waiting)
    return waiting
