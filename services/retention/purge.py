"""The purges: what is deleted by age, in small transactions."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

from tortoise.expressions import F, Q
from uuid_utils.compat import UUID

from models import (
    Account,
    Attachment,
    AuditEntry,
    File,
    Group,
    Invitation,
    InvitationLink,
    Message,
    PasswordReset,
    Report,
    Session,
    User,
)
from models.columns import milliseconds
from services.database import Database
from services.fields import EVENT_TYPES
from services.file.removal import remove_files
from services.file.uploader import Uploader
from services.group.invitations import expired
from services.retention.erasing import REST_SECONDS, erase_messages

BATCH_ROWS = 500
"""Rows of one transaction."""
DAY_MS = 24 * 3600 * 1000
FIRST_ID = UUID(int=0)
CLOCK_MARGIN_MS = 3600 * 1000
"""How far the clocks of servers, and so the order of ids, may differ."""

_FILE_ADDRESS = re.compile(r"/files/([0-9a-f-]{36})")


async def purge_sessions(days: int) -> int:
    """Delete logins that ended or expired so many days ago."""
    before = milliseconds() - days * DAY_MS
    deleted = 0
    over = Q(expire_time__lt=before) | Q(revoke_time__lt=before)
    while ids := await Session.filter(over).limit(BATCH_ROWS).values_list("id", flat=True):
        deleted += await Session.filter(over, id__in=list(ids)).delete()
        await asyncio.sleep(REST_SECONDS)
    return deleted


async def purge_reset_tokens() -> int:
    """Delete tokens for new passwords that have expired; each user has at most one."""
    return await PasswordReset.filter(expire_time__lt=milliseconds()).delete()


async def purge_links() -> int:
    """Delete invitation links that have expired or were used up."""
    over = Q(expire_time__lte=milliseconds()) | Q(max_uses__gt=0, uses__gte=F("max_uses"))
    deleted = 0
    while ids := await InvitationLink.filter(over).limit(BATCH_ROWS).values_list("id", flat=True):
        deleted += await InvitationLink.filter(over, id__in=list(ids)).delete()
        await asyncio.sleep(REST_SECONDS)
    return deleted


async def purge_invitations() -> int:
    """Delete invitations that have expired, and declined ones of users who may be asked again."""
    over = expired(milliseconds())
    deleted = 0
    while ids := await Invitation.filter(over).limit(BATCH_ROWS).values_list("id", flat=True):
        deleted += await Invitation.filter(over, id__in=list(ids)).delete()
        await asyncio.sleep(REST_SECONDS)
    return deleted


async def purge_reports(days: int) -> int:
    """Delete reports that were closed so many days ago."""
    before = milliseconds() - days * DAY_MS
    deleted = 0
    while (
        ids := await Report.filter(close_time__gt=0, close_time__lt=before)
        .limit(BATCH_ROWS)
        .values_list("id", flat=True)
    ):
        deleted += await Report.filter(id__in=list(ids)).delete()
        await asyncio.sleep(REST_SECONDS)
    return deleted


async def purge_audit(days: int) -> int:
    """Delete entries of the audit that are so many days old."""
    before = milliseconds() - days * DAY_MS
    deleted = 0
    while (
        ids := await AuditEntry.filter(create_time__lt=before)
        .limit(BATCH_ROWS)
        .values_list("id", flat=True)
    ):
        deleted += await AuditEntry.filter(id__in=list(ids)).delete()
        await asyncio.sleep(REST_SECONDS)
    return deleted


async def purge_files(database: Database, uploader: Uploader, days: int) -> int:
    """Remove files of such an age that no message carries, and that are no avatar."""
    before = milliseconds() - days * DAY_MS
    deleted = 0
    async for files in _old_files(before):
        ids = [file.id for file in files]
        attached = Attachment.filter(file_id__in=ids).values_list("file_id", flat=True)
        avatars = Account.filter(avatar_file__in=ids).values_list("avatar_file", flat=True)
        used = {str(one) for one in (*await attached, *await avatars)}
        unused = [file for file in files if str(file.id) not in used]
        if unused:
            # Read after the files, so that an avatar that was chosen in the meantime is found.
            shown = await _avatars()
            unused = [file for file in unused if str(file.id) not in shown]
            deleted += await remove_files(database, uploader, unused, if_unused=True)
        await asyncio.sleep(REST_SECONDS)
    return deleted


async def _old_files(before: int) -> AsyncIterator[list[File]]:
    after = FIRST_ID
    while True:
        page = File.filter(id__gt=after, create_time__lt=before).order_by("id").limit(BATCH_ROWS)
        files = await page
        if not files:
            return
        yield files
        after = files[-1].id


async def _avatars() -> set[str]:
    """Return the ids of files in the avatars of groups and users."""
    groups = Group.filter(avatar__contains="/files/").values_list("avatar", flat=True)
    users = User.filter(avatar__contains="/files/").values_list("avatar", flat=True)
    addresses = [*await groups, *await users]
    return {one for address in addresses for one in _FILE_ADDRESS.findall(str(address))}


async def erase_old_messages(
    database: Database, chat_type: str, days: int, after: UUID = FIRST_ID
) -> tuple[int, UUID]:
    """
    Erase the content of messages of such an age.

    Args:
        database: the database.
        chat_type: "single" or "group".
        days: the age.
        after: what the last call returned: earlier messages are not looked at again.

    Returns:
        how many were erased, and where the next call begins.
    """
    before = milliseconds() - days * DAY_MS
    end = _first_id(before)
    erased = 0
    while True:
        rows = (
            await Message.filter(
                id__gt=after,
                id__lt=end,
                create_time__lt=before,
                chat_type=chat_type,
                isremove=0,
                type__not_in=[*EVENT_TYPES],
            )
            .order_by("id")
            .limit(BATCH_ROWS)
            .values_list("id", flat=True)
        )
        if not rows:
            return erased, _first_id(before - CLOCK_MARGIN_MS)
        ids = [UUID(str(row)) for row in rows]
        erased += await erase_messages(database, ids)
        after = ids[-1]
        await asyncio.sleep(REST_SECONDS)


def _first_id(time_ms: int) -> UUID:
    """Return the first id (UUID version 7) of a time."""
    return UUID(int=max(time_ms, 0) << 80)


def describe(counts: dict[str, int], began: float) -> str:
    """Return a line for the log about what was deleted."""
    parts = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    return f"purge: deleted {parts or 'nothing'} in {time.monotonic() - began:.1f} s"
