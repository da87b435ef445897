"""The query that decides who may read a file."""

from __future__ import annotations

from collections.abc import Collection

from uuid_utils.compat import UUID

from models import File
from services.database import Database
from services.sql import bind_placeholders, join_by_key


async def find_readable_files(
    database: Database, user_id: int, ids: Collection[UUID]
) -> list[File]:
    """
    Return those files that a user may read: their own, and those in messages that they can see.

    Args:
        database: the database.
        user_id: the user.
        ids: the ids of the files; unknown ones are ignored.
    """
    files = await File.filter(id__in=list(ids)) if ids else []
    others = [file.id for file in files if file.user_id != user_id]
    attached = await _find_attached(database, user_id, others) if others else set()
    return [file for file in files if file.user_id == user_id or file.id in attached]


async def _find_attached(database: Database, user_id: int, ids: Collection[UUID]) -> set[UUID]:
    """Return the ids of those files that are attached to a message which the user can see."""
    member = join_by_key(database.dialect, "member", "m", "m.conv = a.conv AND m.user_id = ?")
    query = (
        f"SELECT DISTINCT a.file_id FROM attachment a {member}"
        f" WHERE a.file_id IN ({', '.join('?' * len(ids))}) AND a.seq > m.join_seq"
    )
    values = [user_id, *map(str, ids)]
    rows = await database.connection.execute_query_dict(
        bind_placeholders(database.dialect, query), values
    )
    return {UUID(str(row["file_id"])) for row in rows}
