"""One change of a group: a transaction, its events, and the pushes after the commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tortoise.backends.base.client import BaseDBAsyncClient

from models import (
    Conversation,
    Exclusion,
    Group,
    Invitation,
    InvitationLink,
    JoinRequest,
    KeptMute,
    Member,
)
from models.columns import milliseconds
from services.conversation.events import append_event, lock_conversation, push_events
from services.errors import GroupFull, NoGroup, NotPermitted
from services.group.roles import MEMBER
from services.group.sql import insert_members, lock_member_ids
from services.wire import WireMessage, group_conv

if TYPE_CHECKING:
    from services import Context


class Change:
    """
    The changes that one transaction makes to a group.

    It locks the conversation and then the group, so there is one change at a time: the members
    that were read stay the same until the commit.

    Args:
        connection: the transaction.
        conversation: the group's, locked.
        group: locked.
    """

    def __init__(
        self, connection: BaseDBAsyncClient, conversation: Conversation, group: Group
    ) -> None:
        self.connection = connection
        self.group = group
        self.conv: str = conversation.conv
        self.events: list[WireMessage] = []
        """Events for all members."""
        self.left: set[int] = set()
        """Users who were members before: they get the events, too."""
        self.frames: list[tuple[dict[str, Any], list[int]]] = []
        """Data of further `system` pushes, each with its recipients."""
        self._conversation = conversation
        self._members_changed = False

    @classmethod
    async def begin(cls, connection: BaseDBAsyncClient, group_id: int) -> Change:
        """
        Lock a group.

        Raises:
            NoGroup: it does not exist, or was dissolved.
        """
        conversation = await lock_conversation(connection, group_conv(group_id))
        if conversation is None:
            raise NoGroup
        found = Group.filter(id=group_id, dissolve_time=None).using_db(connection)
        group = await found.select_for_update().first()
        if group is None:
            raise NoGroup
        return cls(connection, conversation, group)

    async def require_member(self, user_id: int, least: int = MEMBER) -> Member:
        """
        Return the membership of the user who asks.

        Args:
            user_id: the user.
            least: the lowest permitted role.

        Raises:
            NoGroup: the user is not a member.
            NotPermitted: the role is lower.
        """
        return await member_of(self.conv, user_id, least, self.connection)

    async def members(self, user_ids: Collection[int]) -> dict[int, Member]:
        """
        Return those users who are members, by id, locked in the order of their ids.

        The locks are needed since cursors move without the lock of the conversation.
        """
        query = Member.filter(conv=self.conv, user_id__in=list(user_ids)).order_by("user_id")
        rows = await query.using_db(self.connection).select_for_update()
        return {row.user_id: row for row in rows}

    async def add(self, user_ids: Sequence[int], limit: int, role: int = MEMBER) -> None:
        """
        Add users who are not members, in one statement.

        Args:
            user_ids: the users, sorted.
            limit: the largest number of members of a group.
            role: their role.

        Raises:
            GroupFull: there is not room for all of them.
        """
        group, conversation = self.group, self._conversation
        if group.member_count + len(user_ids) > limit:
            raise GroupFull
        # New members see earlier messages only where the group shows its history, and none of these
        # is unread or undelivered.
        join_seq = 0 if group.history else conversation.last_seq
        end, number, now = conversation.last_seq, conversation.last_number, milliseconds()
        await insert_members(
            self.connection,
            [(self.conv, user_id, role, join_seq, end, end, number, now) for user_id in user_ids],
        )
        mutes = KeptMute.filter(group_id=group.id, user_id__in=list(user_ids))
        for mute in await mutes.using_db(self.connection):
            await self.update_member(mute.user_id, muted_until=mute.muted_until)
            await mute.delete(using_db=self.connection)
        group.member_count += len(user_ids)
        self._members_changed = True

    async def _keep_mutes(self, user_ids: Collection[int]) -> None:
        """Remember which members are muted: leaving and coming back does not end a mute."""
        now, members = milliseconds(), Member.filter(conv=self.conv, user_id__in=list(user_ids))
        muted = await members.filter(muted_until__gt=now).using_db(self.connection)
        if muted:
            kept = KeptMute.filter(group_id=self.group.id)
            await kept.filter(muted_until__lte=now).using_db(self.connection).delete()
            rows = [
                KeptMute(group_id=self.group.id, user_id=one.user_id, muted_until=one.muted_until)
                for one in muted
            ]
            await KeptMute.bulk_create(rows, using_db=self.connection)

    async def remove(self, user_ids: Collection[int]) -> None:
        """Remove members. Their invitations and links end with their membership; mutes do not."""
        await self._keep_mutes(user_ids)
        gone = Member.filter(conv=self.conv, user_id__in=list(user_ids))
        await gone.using_db(self.connection).delete()
        group_id, ids = self.group.id, list(user_ids)
        invitations = Invitation.filter(group_id=group_id, inviter_id__in=ids)
        await invitations.using_db(self.connection).delete()
        links = InvitationLink.filter(group_id=group_id, creator_id__in=ids)
        await links.using_db(self.connection).delete()
        self.left.update(user_ids)
        self.group.member_count -= len(user_ids)
        self._members_changed = True

    async def remove_all(self) -> None:
        """Remove all members, and everything that lets users join or keeps them out."""
        self.left.update(await lock_member_ids(self.connection, self.conv))
        await Member.filter(conv=self.conv).using_db(self.connection).delete()
        for table in (JoinRequest, Invitation, InvitationLink, Exclusion, KeptMute):
            await table.filter(group_id=self.group.id).using_db(self.connection).delete()
        self.group.member_count = 0
        self._members_changed = True

    async def update_member(self, user_id: int, **columns: int) -> None:
        """Change columns of one member."""
        member = Member.filter(conv=self.conv, user_id=user_id).using_db(self.connection)
        await member.update(**columns)
        self._members_changed = True

    async def delete_requests(self, user_ids: Collection[int]) -> None:
        """Delete the join requests of these users."""
        requests = JoinRequest.filter(group_id=self.group.id, user_id__in=list(user_ids))
        await requests.using_db(self.connection).delete()

    async def delete_invitations(self, user_ids: Collection[int]) -> None:
        """Delete the invitations of these users."""
        invitations = Invitation.filter(group_id=self.group.id, user_id__in=list(user_ids))
        await invitations.using_db(self.connection).delete()

    async def welcome(self, user_ids: list[int], limit: int, from_id: int, **details: Any) -> None:
        """
        Add users who are not members, with a notice for everybody.

        Args:
            user_ids: the users, sorted.
            limit: the largest number of members of a group.
            from_id: the user who added them; the new member itself where a user joined.
            details: further fields of the notice.

        Raises:
            GroupFull: there is not room for all of them.
        """
        await self.add(user_ids, limit)
        await self.delete_requests(user_ids)
        await self.delete_invitations(user_ids)
        await self.add_notice("joined", from_id, users=user_ids, **details)

    # --- exclusions

    async def excluded(self, user_ids: Collection[int]) -> dict[int, Exclusion]:
        """Return those users who may not join, by id."""
        query = Exclusion.filter(group_id=self.group.id, user_id__in=list(user_ids))
        return {row.user_id: row for row in await query.using_db(self.connection)}

    async def exclude(self, user_ids: Collection[int], by_id: int, *, banned: bool) -> None:
        """Prevent users from joining, and end what could let them in."""
        await self.readmit(user_ids)
        rows = [
            Exclusion(group_id=self.group.id, user_id=user_id, banned=int(banned), by_id=by_id)
            for user_id in sorted(user_ids)
        ]
        await Exclusion.bulk_create(rows, using_db=self.connection)
        await self.delete_requests(user_ids)
        await self.delete_invitations(user_ids)

    async def readmit(self, user_ids: Collection[int]) -> None:
        """Remove the exclusions of these users."""
        rows = Exclusion.filter(group_id=self.group.id, user_id__in=list(user_ids))
        await rows.using_db(self.connection).delete()

    async def add_notice(self, event: str, from_id: int, **details: Any) -> None:
        """
        Store an event of the type `notice` for all members.

        Args:
            event: the name of the event, for programs.
            from_id: the user who acted.
            details: further fields of the event.
        """
        options = {"event": event, **details}
        self.events.append(
            await append_event(
                self.connection, self._conversation, "notice", from_id, self.group.id, options
            )
        )

    def mark_changed(self) -> None:
        """Increase the version on saving, since permissions in the group have changed."""
        self._members_changed = True

    async def save(self) -> None:
        """Store the group's row, after everything else."""
        if self._members_changed:
            # Caches of the members under the old version are read again.
            self.group.version += 1
        if self._members_changed or self.events:
            await self.group.save(using_db=self.connection)


async def member_of(
    conv: str, user_id: int, least: int = MEMBER, connection: BaseDBAsyncClient | None = None
) -> Member:
    """
    Return a user's membership of a group. A dissolved group has no members.

    Args:
        conv: the group's conversation.
        user_id: the user.
        least: the lowest permitted role.
        connection: the transaction, where there is one.

    Raises:
        NoGroup: the group does not exist, or the user is not a member.
        NotPermitted: the role is lower.
    """
    member = await Member.get_or_none(conv=conv, user_id=user_id, using_db=connection)
    if member is None:
        raise NoGroup
    if member.role < least:
        raise NotPermitted
    return member


@asynccontextmanager
async def changing(
    ctx: Context, group_id: int, user_id: int | None = None
) -> AsyncIterator[Change]:
    """
    Change a group in one transaction, and push its events after the commit.

    Args:
        ctx: the request.
        group_id: the group.
        user_id: the member who asks. Others are refused before anything is locked, by the same
            query whether or not the group exists: the time of the answer does not say which.

    Raises:
        NoGroup: it does not exist, was dissolved, or the user is not a member.
    """
    if user_id is not None:
        await member_of(group_conv(group_id), user_id)
    async with ctx.app.orm.transaction() as connection:
        change = await Change.begin(connection, group_id)
        yield change
        await change.save()
    await push_change(ctx, change)


async def push_change(ctx: Context, change: Change) -> None:
    """Push the events of a committed change to present and former members."""
    if change.events:
        await push_events(ctx, change.conv, change.events, change.left)
    for data, user_ids in change.frames:
        ctx.app.delivery.send("system", data, user_ids)
