"""One change of a group: locked, told as entries, and pushed once it is committed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Conversation, Group, JoinRequest, Member
from models.columns import milliseconds
from services.conversation.events import append_event, lock_conversation, push_events
from services.errors import GroupFull, NoGroup, NotPermitted
from services.wire import WireMessage
from services.wire import group as group_conv

if TYPE_CHECKING:
    from extend.context import Context

MEMBER, ADMIN, OWNER = 0, 1, 2
"""Roles; a higher one may do what a lower one may."""

_COLUMNS = "conv, user_id, role, join_seq, delivered_seq, read_seq, read_number, create_time"


class Change:
    """
    What one transaction does to a group.

    It holds the conversation and then the group, so changes of a group come one at a time: what
    was read of its members stays true until the commit.

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
        self.entries: list[WireMessage] = []
        """What all members are told."""
        self.left: set[int] = set()
        """Who was a member before, and is told as well."""
        self.frames: list[tuple[dict[str, Any], list[int]]] = []
        """What some people are told beside that, as `system`."""
        self._conversation = conversation
        self._moves = False

    @classmethod
    async def begin(cls, connection: BaseDBAsyncClient, group_id: int) -> Change:
        """
        Lock a group.

        Raises:
            NoGroup: there is none, or it was dissolved.
        """
        conversation = await lock_conversation(connection, group_conv(group_id))
        if conversation is None:
            raise NoGroup
        found = Group.filter(id=group_id, dissolve_time=None).using_db(connection)
        group = await found.select_for_update().first()
        if group is None:
            raise NoGroup
        return cls(connection, conversation, group)

    async def who(self, user_id: int, least: int = MEMBER) -> Member:
        """
        Give the member who asks.

        Args:
            user_id: who asks.
            least: the lowest role that may.

        Raises:
            NoGroup: it is none.
            NotPermitted: their role is lower.
        """
        return await member_of(self.conv, user_id, least, self.connection)

    async def find(self, user_ids: Collection[int]) -> dict[int, Member]:
        """
        Give those of some people who are members, by id.

        They are locked, always in the same order: cursors move without the conversation's lock.
        """
        query = Member.filter(conv=self.conv, user_id__in=list(user_ids)).order_by("user_id")
        rows = await query.using_db(self.connection).select_for_update()
        return {row.user_id: row for row in rows}

    async def add(self, user_ids: Sequence[int], limit: int, role: int = MEMBER) -> None:
        """
        Make members of people who are none, in one statement.

        Args:
            user_ids: who, sorted.
            limit: members of a group at most.
            role: what they are.

        Raises:
            GroupFull: not all of them have room.
        """
        group, conversation = self.group, self._conversation
        if group.member_count + len(user_ids) > limit:
            raise GroupFull
        # What was said before is not for them, unless the group shows it; and nothing of it counts
        # as unread, or waits to be delivered.
        join_seq = 0 if group.history else conversation.last_seq
        end, number = conversation.last_seq, conversation.last_number
        rest = f"{role}, {join_seq}, {end}, {end}, {number}, {milliseconds()}"
        rows = ", ".join(f"('{self.conv}', {int(user_id)}, {rest})" for user_id in user_ids)
        # Numbers only. Thousands of models would hold up everybody else's messages.
        await self.connection.execute_query(f"INSERT INTO member ({_COLUMNS}) VALUES {rows}")  # noqa: S608
        group.member_count += len(user_ids)
        self._moves = True

    async def remove(self, user_ids: Collection[int]) -> None:
        """Take people, all of them members, out of the group."""
        gone = Member.filter(conv=self.conv, user_id__in=list(user_ids))
        await gone.using_db(self.connection).delete()
        self.left.update(user_ids)
        self.group.member_count -= len(user_ids)
        self._moves = True

    async def remove_all(self) -> None:
        """Take everybody out of the group, and forget who waits to be let in."""
        lock = " FOR UPDATE" if self.connection.capabilities.support_for_update else ""
        # Without models, which would hold up everybody else's messages when they are thousands.
        rows = await self.connection.execute_query_dict(
            f"SELECT user_id FROM member WHERE conv = '{self.conv}' ORDER BY user_id{lock}"  # noqa: S608
        )
        await Member.filter(conv=self.conv).using_db(self.connection).delete()
        await JoinRequest.filter(group_id=self.group.id).using_db(self.connection).delete()
        self.left.update(row["user_id"] for row in rows)
        self.group.member_count = 0
        self._moves = True

    async def set(self, user_id: int, **columns: int) -> None:
        """Change what one member is or may."""
        member = Member.filter(conv=self.conv, user_id=user_id).using_db(self.connection)
        await member.update(**columns)
        self._moves = True

    async def forget_requests(self, user_ids: Collection[int]) -> None:
        """Forget that these people wait to be let in."""
        requests = JoinRequest.filter(group_id=self.group.id, user_id__in=list(user_ids))
        await requests.using_db(self.connection).delete()

    async def say(self, event: str, from_id: int, **what: Any) -> None:
        """
        Write down what happened, so that every member learns it.

        Args:
            event: its name, for programs.
            from_id: who did it.
            what: what belongs to it.
        """
        options = {"event": event, **what}
        self.entries.append(
            await append_event(
                self.connection, self._conversation, "notice", from_id, self.group.id, options
            )
        )

    def moves(self) -> None:
        """Take note that who may do what in the group has changed."""
        self._moves = True

    async def save(self) -> None:
        """Write the group's row, after everything else."""
        if self._moves:
            # Whoever keeps the members under the old version reads them again.
            self.group.version += 1
        if self._moves or self.entries:
            await self.group.save(using_db=self.connection)


async def member_of(
    conv: str, user_id: int, least: int = MEMBER, connection: BaseDBAsyncClient | None = None
) -> Member:
    """
    Give somebody who is in a group; nobody is in one that was dissolved.

    Args:
        conv: the group's conversation.
        user_id: who it is.
        least: the lowest role that will do.
        connection: the transaction, where there is one.

    Raises:
        NoGroup: they are not in it, or there is none.
        NotPermitted: their role is lower.
    """
    member = await Member.get_or_none(conv=conv, user_id=user_id, using_db=connection)
    if member is None:
        raise NoGroup
    if member.role < least:
        raise NotPermitted
    return member


@asynccontextmanager
async def changing(ctx: Context, group_id: int) -> AsyncIterator[Change]:
    """
    Change a group in one transaction, and tell everybody once it is committed.

    Raises:
        NoGroup: there is none, or it was dissolved.
    """
    async with ctx.app.orm.transaction() as connection:
        change = await Change.begin(connection, group_id)
        yield change
        await change.save()
    await tell_all(ctx, change)


async def tell_all(ctx: Context, change: Change) -> None:
    """Push what a committed change says, to those who are members now and those who were."""
    if change.entries:
        await push_events(ctx, change.conv, change.entries, change.left)
    for data, user_ids in change.frames:
        ctx.app.delivery.send("system", data, user_ids)
