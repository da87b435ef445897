"""
Erasing the content of messages: afterwards the text is nowhere in the database.

An erased message keeps its place: clients see it as recalled, and no seq is missing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID

from models import Attachment, Conversation, File, Member, Message, SearchEntry
from services.database import Database
from services.fields import EVENT_TYPES
from services.file.removal import remove_files
from services.file.uploader import Uploader

BATCH_MESSAGES = 200
"""Messages of one transaction."""
REST_SECONDS = 0.02
"""The time between two transactions, in which messages are sent."""
MERGE_PAGES = 500
"""Pages of the full-text index that one transaction writes again."""
MAX_CHECKPOINTS = 20
"""Attempts to empty the write-ahead log while others read."""

_MERGE = "INSERT INTO search_terms (search_terms, rank) VALUES ('merge', ?)"


async def erase_conversation(database: Database, conv: str) -> int:
    """
    Erase everything that was said in a conversation, also names in its notices.

    Args:
        database: the database.
        conv: the conversation. It stays, with its members.

    Returns:
        how many messages were erased.
    """
    erased, after = 0, 0
    while True:
        async with database.transaction() as connection:
            await _lock_conversations(connection, [conv])
            query = Message.filter(conv=conv, seq__gt=after).using_db(connection)
            rows = await query.order_by("seq").limit(BATCH_MESSAGES)
            await _erase_events(connection, rows)
            erased += await _erase(connection, [row for row in rows if not row.isremove])
        if not rows:
            break
        after = rows[-1].seq
        await asyncio.sleep(REST_SECONDS)
    await scrub(database)
    return erased


async def erase_texts_of_user(database: Database, user_id: int) -> int:
    """
    Erase everything that a user said in any conversation, and the user's names in groups.

    Copies that others forwarded are messages of theirs, and stay.

    Args:
        database: the database.
        user_id: the user.

    Returns:
        how many messages were erased.
    """
    erased = 0
    ids = [row[0] for row in await Message.filter(from_id=user_id).values_list("id")]
    for start in range(0, len(ids), BATCH_MESSAGES):
        some = ids[start : start + BATCH_MESSAGES]
        erased += await erase_messages(database, some, events=True)
        await asyncio.sleep(REST_SECONDS)
    await Member.filter(user_id=user_id).exclude(nickname="").update(nickname="")
    await scrub(database)
    return erased


async def erase_files_of_user(database: Database, uploader: Uploader, user_id: int) -> int:
    """
    Remove all files of a user; return how many there were.

    Raises:
        StorageUnavailable: the disk is full or unavailable.
    """
    removed = 0
    while files := await File.filter(user_id=user_id).limit(50):
        removed += await remove_files(database, uploader, files)
    return removed


async def erase_messages(database: Database, ids: Collection[UUID], *, events: bool = False) -> int:
    """
    Erase messages in one transaction.

    Call `scrub` after the last one, if the text must not stay in free pages of SQLite.

    Args:
        database: the database.
        ids: the ids of the messages, some hundreds at most.
        events: whether events among them lose their text, too.

    Returns:
        how many were erased; those that were erased before do not count.
    """
    if not ids:
        return 0
    found = await Message.filter(id__in=list(ids)).values_list("conv", flat=True)
    async with database.transaction() as connection:
        await _lock_conversations(connection, {str(conv) for conv in found})
        rows = await Message.filter(id__in=list(ids)).using_db(connection)
        if events:
            await _erase_events(connection, rows)
        return await _erase(connection, [row for row in rows if not row.isremove])


async def scrub(database: Database) -> None:
    """
    Remove what was erased from free pages, the search index and the log of SQLite.

    Other databases do so by themselves, a while later: PostgreSQL by its autovacuum, MySQL and
    MariaDB by their purge.
    """
    if database.dialect != "sqlite":
        return
    # The index marks what is deleted; writing it again leaves that out.
    # A negative number begins, a positive one continues.
    more = await database.write(lambda connection: _merge(connection, -MERGE_PAGES))
    while more:
        await asyncio.sleep(REST_SECONDS)
        more = await database.write(lambda connection: _merge(connection, MERGE_PAGES))
    for _ in range(MAX_CHECKPOINTS):
        _, rows = await database.connection.execute_query("PRAGMA wal_checkpoint(TRUNCATE)")
        if not rows[0][0]:  # nobody was reading an older state
            return
        await asyncio.sleep(REST_SECONDS)


def _merge(connection: Any, pages: int) -> bool:
    """Write a part of the full-text index again; return whether there is more to do."""
    before = connection.total_changes
    connection.execute(_MERGE, (pages,))
    return bool(connection.total_changes - before >= 2)  # as SQLite documents it


async def _lock_conversations(connection: BaseDBAsyncClient, convs: Collection[str]) -> None:
    """Lock conversations in the order in which sending locks them."""
    query = Conversation.filter(conv__in=list(convs)).using_db(connection).order_by("conv")
    await query.select_for_update().values_list("conv")


async def _erase(connection: BaseDBAsyncClient, rows: Sequence[Message]) -> int:
    """Erase the texts, earlier and later, and the attachments of messages."""
    messages = [row for row in rows if row.type not in EVENT_TYPES]
    if not messages:
        return 0
    ids = [message.id for message in messages]
    this = Message.filter(id__in=ids).using_db(connection)
    await this.update(data="", options=None, isremove=1)
    edited = [message.id for message in messages if message.edit_time is not None]
    if edited:
        edits = Message.filter(target__in=edited, type="edit").using_db(connection)
        await edits.update(data="")
    await Attachment.filter(message_id__in=ids).using_db(connection).delete()
    seqs: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        seqs[message.conv].append(message.seq)
    for conv, some in seqs.items():
        await SearchEntry.filter(conv=conv, seq__in=some).using_db(connection).delete()
    return len(messages)


async def _erase_events(connection: BaseDBAsyncClient, rows: Sequence[Message]) -> None:
    """Erase the texts and names in events; the kinds of the events and the users' ids stay."""
    for row in rows:
        if row.type not in EVENT_TYPES:
            continue
        options = msgspec.json.decode(row.options) if row.options else {}
        kept = {
            name: value
            for name, value in options.items()
            if name in ("event", "target", "by") or not isinstance(value, str)
        }
        if row.data or kept != options:
            this = Message.filter(id=row.id).using_db(connection)
            await this.update(data="", options=msgspec.json.encode(kept).decode())
            await SearchEntry.filter(conv=row.conv, seq=row.seq).using_db(connection).delete()
