"""Banned users of a group: they cannot join it in any way."""

from __future__ import annotations

from collections.abc import Collection

from models import Exclusion
from services import Service, permissions
from services.errors import NotPermitted, TooManyBanned
from services.group.candidates import existing
from services.group.change import changing, member_of
from services.group.forms import BannedPage, BannedView
from services.group.pages import page_by_user
from services.wire import group_conv

MAX_BANNED = 5000
"""Banned users of one group."""


class BansService(Service):
    """Bans users from groups, and lists them."""

    async def ban(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Ban users, members or not. Members are removed.

        Admins may ban ordinary members and users who are not members, the owner anybody else.

        Args:
            user_id: the member who asks.
            group_id: the group.
            user_ids: the users to ban. Those who do not exist are skipped.

        Returns:
            the banned users.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user's role is not above all of theirs.
            TooManyBanned: `MAX_BANNED` would be exceeded.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            member = await change.require_member(user_id, permissions.BAN.role)
            found = await change.members(user_ids)
            if any(one.role >= member.role for one in found.values()):
                raise NotPermitted
            # A member whom another program deleted is banned, too.
            banned = sorted({*await existing(change.connection, user_ids), *found})
            others = Exclusion.filter(group_id=group_id, banned=1).exclude(user_id__in=banned)
            if await others.using_db(change.connection).count() + len(banned) > MAX_BANNED:
                raise TooManyBanned
            await change.exclude(banned, user_id, banned=True)
            if found:
                await change.remove(found)
                await change.add_notice("removed", user_id, users=[*found])
        return banned

    async def unban(self, user_id: int, group_id: int, user_ids: Collection[int]) -> list[int]:
        """
        Unban users: they join again as others do.

        Args:
            user_id: the member who asks.
            group_id: the group.
            user_ids: the users. Those who are not banned are skipped.

        Returns:
            the users who were banned.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not an admin.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            await change.require_member(user_id, permissions.UNBAN.role)
            excluded = await change.excluded(user_ids)
            unbanned = sorted(one for one, row in excluded.items() if row.banned)
            await change.readmit(unbanned)
        return unbanned

    async def page(self, user_id: int, group_id: int, after: int, limit: int) -> BannedPage:
        """
        Return a page of banned users, by user id.

        Args:
            user_id: the member who asks.
            group_id: the group.
            after: only users with a greater id.
            limit: the largest number of users.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not an admin.
        """
        await member_of(group_conv(group_id), user_id, permissions.LIST_BANS.role)
        rows = Exclusion.filter(group_id=group_id, banned=1)
        shown, more = await page_by_user(rows, after, limit)
        people = await self.ctx.service.account.users.find_many([row.user_id for row in shown])
        banned = [
            BannedView(people[row.user_id], row.by_id, row.create_time)
            for row in shown
            if row.user_id in people
        ]
        return BannedPage(banned, more)
