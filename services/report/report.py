"""Reports that users send to the administrators."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from models import Invitation, Member, Message, Report, User
from models.columns import milliseconds
from services import Service
from services.errors import (
    InvalidData,
    NoGroup,
    NoMessage,
    NoSuchPerson,
    NoSuchUser,
    ReportsThemselves,
    TooManyReports,
)
from services.fields import EVENT_TYPES
from services.message.target import parse_message_id
from services.wire import group_conv

OPEN, RESOLVED, DISMISSED = "open", "resolved", "dismissed"
DAY_MS = 24 * 3600 * 1000

TargetType = Literal["message", "user", "group"]
Reason = Literal["spam", "abuse", "violence", "sexual", "illegal", "fraud", "other"]


class NewReport(msgspec.Struct):
    """A report to send."""

    type: TargetType
    """What is reported."""
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
    """The id of the message, the user or the group, as text."""
    reason: Reason
    # No text holds U+0000, which PostgreSQL cannot store.
    text: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"\A[^\x00]*\Z")] = ""


class Reported(msgspec.Struct):
    """The outcome of a report."""

    merged: bool
    """Whether the user had an open report of the same target, which was updated."""


class ReportService(Service):
    """A service that accepts reports. A user can report only what the user can see."""

    async def create(self, user_id: int, wanted: NewReport) -> Reported:
        """
        Store a report; an open one of the same user and target is updated instead.

        Args:
            user_id: the user who reports.
            wanted: the report.

        Raises:
            NoMessage: there is no such message that the user can see.
            NoSuchPerson: there is no such user.
            NoGroup: there is no such group that the user is a member of, or was invited to.
            ReportsThemselves: it is the user, or a message of the user.
            TooManyReports: the user has sent the largest number of reports of a day.
        """
        target_id = await self._find(user_id, wanted)
        now = milliseconds()
        async with self.ctx.app.orm.transaction() as connection:
            # Locked, so that the user has one open report of the target, and not more than allowed.
            own = User.filter(id=user_id).using_db(connection).select_for_update()
            if await own.first() is None:
                raise NoSuchUser
            mine = Report.filter(reporter_id=user_id).using_db(connection)
            this = mine.filter(target_type=wanted.type, target_id=target_id, close_time=0)
            if await this.exists():  # MySQL counts no row that an update leaves as it is
                await this.update(reason=wanted.reason, text=wanted.text)
                return Reported(merged=True)
            recent = mine.filter(create_time__gt=now - DAY_MS)
            if await recent.count() >= self.ctx.app.config.chat.reports_per_day:
                oldest = await recent.order_by("create_time").first()
                wait_ms = oldest.create_time + DAY_MS - now if oldest else DAY_MS
                raise TooManyReports(max(1, wait_ms // 1000))
            await Report.create(
                reporter_id=user_id,
                target_type=wanted.type,
                target_id=target_id,
                reason=wanted.reason,
                text=wanted.text,
                create_time=now,
                using_db=connection,
            )
        return Reported(merged=False)

    async def _find(self, user_id: int, wanted: NewReport) -> str:
        """Return the id of the target in its one form, if the user may report it."""
        if wanted.type == "message":
            return await self._find_message(user_id, wanted.id)
        target = _number(wanted.id)
        if wanted.type == "group":
            is_member = await Member.exists(conv=group_conv(target), user_id=user_id)
            if not (is_member or await Invitation.exists(group_id=target, user_id=user_id)):
                raise NoGroup
        elif target == user_id:
            raise ReportsThemselves
        elif not await User.exists(id=target):
            raise NoSuchPerson
        return str(target)

    async def _find_message(self, user_id: int, message_id: str) -> str:
        target = parse_message_id(message_id)
        message = None if target is None else await Message.get_or_none(id=target)
        if message is None or message.type in EVENT_TYPES:
            raise NoMessage
        member = await Member.get_or_none(conv=message.conv, user_id=user_id)
        if member is None or message.seq <= member.join_seq:
            raise NoMessage
        if message.from_id == user_id:
            raise ReportsThemselves
        return str(message.id)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 2**63 - 1):
        raise InvalidData("`id` must be the id of a user or a group")
    return int(text)
