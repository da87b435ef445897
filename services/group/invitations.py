"""Invitations: a user who does not know the inviter joins a group only after accepting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tortoise.expressions import Q
from tortoise.functions import Count

from models import Block, Group, Invitation, User
from models.columns import milliseconds
from services import Service
from services.errors import NoInvitation, TooManyInvitations
from services.group.candidates import existing, request_approval
from services.group.change import Change, changing
from services.group.forms import GroupPreview, InvitationPage, InvitationView
from services.group.roles import ADMIN

DAY_MS = 24 * 3600 * 1000
"""Milliseconds."""
VALID_MS = 30 * DAY_MS
"""How long an invitation can be accepted, in milliseconds."""
DECLINED_MS = 7 * DAY_MS
"""How long a group does not ask a user again who declined, in milliseconds."""
MAX_RECEIVED = 100
"""Invitations of one user that are pending."""
MAX_SENT = 200
"""Invitations by one user that are pending."""


async def send_invitations(change: Change, user_ids: Sequence[int], inviter_id: int) -> list[int]:
    """
    Ask users whether they want to join a group.

    A user with a pending invitation, or who declined one lately, is not asked again; the answer
    does not say so. A user with too many invitations is left out.

    Args:
        change: the change of the group.
        user_ids: the users, sorted; none of them is a member.
        inviter_id: the member who invites them.

    Returns:
        the users who were asked, now or before.

    Raises:
        TooManyInvitations: too many users have not answered the inviter's invitations.
    """
    if not user_ids:
        return []
    connection, group, now = change.connection, change.group, milliseconds()
    await Invitation.filter(expired(now), user_id__in=list(user_ids)).using_db(connection).delete()
    of_users = Invitation.filter(user_id__in=list(user_ids)).using_db(connection)
    asked = {row[0] for row in await of_users.filter(group_id=group.id).values_list("user_id")}
    counts = of_users.filter(decline_time=None).annotate(count=Count("id")).group_by("user_id")
    received = dict(await counts.values_list("user_id", "count"))
    new = [one for one in user_ids if one not in asked and received.get(one, 0) < MAX_RECEIVED]
    if new:
        # One transaction of an inviter at a time, or several would pass the limit together.
        await User.filter(id=inviter_id).using_db(connection).select_for_update().first()
        sent = Invitation.filter(
            inviter_id=inviter_id, decline_time=None, create_time__gt=now - VALID_MS
        )
        if await sent.using_db(connection).count() + len(new) > MAX_SENT:
            raise TooManyInvitations
        await Invitation.bulk_create(
            [
                Invitation(group_id=group.id, user_id=one, inviter_id=inviter_id, create_time=now)
                for one in new
            ],
            using_db=connection,
        )
        data = {
            "event": "group_invitation",
            "group_id": group.id,
            "name": group.name,
            "avatar": group.avatar,
            "member_count": group.member_count,
            "inviter_id": inviter_id,
            "create_time": now,
        }
        change.frames.append((data, new))
    return [one for one in user_ids if one in asked or one in {*new}]


class InvitationsService(Service):
    """Lists, accepts and declines a user's invitations to groups."""

    async def page(self, user_id: int, after: int, limit: int) -> InvitationPage:
        """
        Return a page of a user's pending invitations, by group id.

        Args:
            user_id: the invited user.
            after: only groups with a greater id.
            limit: the largest number of invitations.
        """
        blocks = Block.filter(user_id=user_id)
        blocked = {row[0] for row in await blocks.values_list("blocked_id")}
        pending = Invitation.filter(
            user_id=user_id,
            group_id__gt=after,
            decline_time=None,
            create_time__gt=milliseconds() - VALID_MS,
        ).order_by("group_id")
        rows = [row for row in await pending if row.inviter_id not in blocked]
        shown = rows[:limit]
        ids = [row.group_id for row in shown]
        groups = {group.id: group for group in await Group.filter(id__in=ids)} if ids else {}
        users = self.ctx.service.account.users
        people = await users.find_many([row.inviter_id for row in shown])
        invitations = [
            InvitationView(preview(groups[row.group_id]), people[row.inviter_id], row.create_time)
            for row in shown
            if row.group_id in groups and row.inviter_id in people
        ]
        return InvitationPage(invitations, more=len(rows) > limit)

    async def accept(self, user_id: int, group_id: int) -> Literal["joined", "requested"]:
        """
        Accept an invitation: join the group, or request approval where it is needed.

        Args:
            user_id: the invited user.
            group_id: the group.

        Raises:
            NoInvitation: there is none, or the inviter may not invite any more.
            GroupFull: the group is full.
            RequestsFull: too many requests wait for approval.
        """
        if await _pending(user_id, group_id) is None:
            raise NoInvitation
        async with changing(self.ctx, group_id) as change:
            invitation = await _pending(user_id, group_id, change)
            if invitation is None:
                raise NoInvitation
            members = await change.members({user_id, invitation.inviter_id})
            if user_id in members:
                return "joined"
            inviter = members.get(invitation.inviter_id)
            if inviter is None or inviter.role < change.group.invite_role:
                raise NoInvitation
            if not await existing(change.connection, [inviter.user_id]):
                raise NoInvitation
            self._close(change, user_id)
            if change.group.approval and inviter.role < ADMIN:
                await change.delete_invitations([user_id])
                await request_approval(change, [user_id], inviter.user_id)
                return "requested"
            limit = self.ctx.app.config.chat.group_members
            await change.welcome([user_id], limit, user_id, inviter_id=inviter.user_id)
        return "joined"

    async def decline(self, user_id: int, group_id: int) -> None:
        """
        Decline an invitation. Nobody is notified, and the group does not ask again for a time.

        Args:
            user_id: the invited user.
            group_id: the group.

        Raises:
            NoInvitation: there is none.
        """
        invitation = await _pending(user_id, group_id)
        if invitation is None:
            raise NoInvitation
        pending = Invitation.filter(id=invitation.id, decline_time=None)
        await pending.update(decline_time=milliseconds())
        data = {"event": "group_invitation_closed", "group_id": group_id}
        self.ctx.app.delivery.send("system", data, [user_id])

    def _close(self, change: Change, user_id: int) -> None:
        """Notify the user's other devices that the invitation is answered."""
        data = {"event": "group_invitation_closed", "group_id": change.group.id}
        change.frames.append((data, [user_id]))


def preview(group: Group) -> GroupPreview:
    """Return what invited users see of a group."""
    return GroupPreview(group.id, group.name, group.avatar, group.member_count)


def expired(now: int) -> Q:
    """
    Return the condition on invitations that can be deleted.

    Args:
        now: milliseconds since 1970.
    """
    return Q(decline_time__lte=now - DECLINED_MS) | Q(
        decline_time=None, create_time__lte=now - VALID_MS
    )


async def _pending(user_id: int, group_id: int, change: Change | None = None) -> Invitation | None:
    connection = None if change is None else change.connection
    return await Invitation.get_or_none(
        user_id=user_id,
        group_id=group_id,
        decline_time=None,
        create_time__gt=milliseconds() - VALID_MS,
        using_db=connection,
    )
