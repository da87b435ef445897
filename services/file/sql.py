"""The query that decides who may read a file."""

from __future__ import annotations

from collections.abc import Collection

from uuid_utils.compat import UUID

from models import Account, File, Group
from services.database import Database
from services.sql import bind_placeholders, join_by_key


async def find_readable_files(
    database: Database, user_id: int, ids: Collection[UUID]
) -> list[File]:
    """
    Return those files that a user may read.

    These are their own, those in messages that they can see, and the avatars of users and groups.

    Args:
        database: the database.
        user_id: the user.
        ids: the ids of the files; unknown ones are ignored.
    """
    files = await File.filter(id__in=list(ids)) if ids else []
    others = [file.id for file in files if file.user_id != user_id]
    attached = await _find_attached(database, user_id, others) if others else set()
    others = [file_id for file_id in others if file_id not in attached]
    shown = attached | (await _find_avatars(others) if others else set())
    return [file for file in files if file.user_id == user_id or file.id in shown]


async def _find_avatars(ids: Collection[UUID]) -> set[UUID]:
    """Return the ids of those files that are the avatar of a user or a group."""
    accounts = Account.filter(avatar_file__in=list(ids), delete_time=None)
    groups = Group.filter(avatar_file__in=list(ids), dissolve_time=None)
    found = [one.avatar_file for one in await accounts] + [one.avatar_file for one in await groups]
    return {file_id for file_id in found if file_id is not None}


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
