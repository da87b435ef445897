"""The removal of files: their rows, their mention in messages, and content that no file has."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from uuid_utils.compat import uuid7

from models import Account, Attachment, File, Group, Message, User
from services.database import Database
from services.file.upload import PendingFile, Upload
from services.file.uploader import Uploader

BATCH_MESSAGES = 200
"""The number of messages that one transaction changes."""


async def remove_files(
    database: Database, uploader: Uploader, files: Sequence[File], *, if_unused: bool = False
) -> int:
    """
    Remove files, and content that no other file has.

    A journal is written first: after a crash the sweeper removes the content.

    Args:
        database: the database.
        uploader: the uploader of this worker.
        files: the files.
        if_unused: keep files that a message carries.

    Returns:
        how many files were removed.

    Raises:
        StorageUnavailable: the disk is full or unavailable.
    """
    removed = 0
    for file in files:
        upload = await uploader.run(Upload.create, uploader.storage.incoming, str(uuid7()))
        try:
            pending = PendingFile(hash=file.hash, size=file.size, type=file.type)
            await uploader.run(upload.write, "journal", pending)
            removed += await _remove(database, file, if_unused=if_unused)
        finally:
            await uploader.complete(uploader.discard(upload))
    return removed


async def _remove(database: Database, file: File, *, if_unused: bool) -> int:
    while not if_unused and await _detach_some(database, file):
        pass
    async with database.transaction() as connection:
        attached = Attachment.filter(file_id=file.id).using_db(connection)
        if await attached.exists():
            if if_unused:
                return 0
            await attached.delete()
        owners = Account.filter(user_id=file.user_id, avatar_file=file.id).using_db(connection)
        if await owners.update(avatar_file=None):
            users = User.filter(id=file.user_id, avatar=f"/files/{file.id}").using_db(connection)
            await users.update(avatar="")
        groups = Group.filter(avatar_file=file.id).using_db(connection)
        await groups.update(avatar_file=None, avatar="")
        return await File.filter(id=file.id).using_db(connection).delete()


async def _detach_some(database: Database, file: File) -> bool:
    """Remove the file from some of the messages that carry it; return whether there were any."""
    async with database.transaction() as connection:
        attached = Attachment.filter(file_id=file.id).using_db(connection).limit(BATCH_MESSAGES)
        ids = [one.message_id for one in await attached]
        for message in await Message.filter(id__in=ids).using_db(connection):
            options = msgspec.json.decode(message.options) if message.options else {}
            options["file"] = {"id": str(file.id), "removed": True}
            this = Message.filter(id=message.id, isremove=0).using_db(connection)
            await this.update(options=msgspec.json.encode(options).decode())
        if ids:
            await Attachment.filter(message_id__in=ids).using_db(connection).delete()
    return bool(ids)
