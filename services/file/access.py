"""Who may read a file: who uploaded it, and who may read a message that carries it."""

from __future__ import annotations

from collections.abc import Collection

from uuid_utils.compat import UUID

from models import File
from services.database import Database
from services.sql import bind_placeholders, join_by_key


async def readable(database: Database, user_id: int, ids: Collection[UUID]) -> list[File]:
    """
    Give those of some files that somebody may read.

    Args:
        database: where to look.
        user_id: who asks.
        ids: of files, which need not exist.
    """
    files = await File.filter(id__in=list(ids)) if ids else []
    others = [file.id for file in files if file.user_id != user_id]
    carried = await _carried(database, user_id, others) if others else set()
    return [file for file in files if file.user_id == user_id or file.id in carried]


async def _carried(database: Database, user_id: int, ids: Collection[UUID]) -> set[UUID]:
    """Give those that a message carries which this person may read."""
    member = join_by_key(database.dialect, "member", "m", "m.conv = a.conv AND m.user_id = ?")
    query = (
        f"SELECT DISTINCT a.file_id FROM attachment a {member}"  # noqa: S608 - constants only
        f" WHERE a.file_id IN ({', '.join('?' * len(ids))}) AND a.seq > m.join_seq"
    )
    values = [user_id, *map(str, ids)]
    rows = await database.connection.execute_query_dict(
        bind_placeholders(database.dialect, query), values
    )
    return {UUID(str(row["file_id"])) for row in rows}
