"""Candidates for a group: users who can be added, and requests for approval."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Block, JoinRequest, Member, User
from services.errors import RequestsFull
from services.group.change import Change
from services.group.roles import ADMIN

MAX_REQUESTS = 1000
"""Join requests of one group."""


async def addable(
    connection: BaseDBAsyncClient, user_ids: Collection[int], inviter_id: int | None = None
) -> list[int]:
    """
    Return those users who can be added to a group, sorted.

    Users who do not exist, are disabled or blocked the inviter are left out.
    """
    if not user_ids:
        return []
    people = User.filter(id__in=list(user_ids), status=1).using_db(connection)
    found = {row[0] for row in await people.values_list("id")}
    if found and inviter_id is not None:
        blocks = Block.filter(user_id__in=list(found), blocked_id=inviter_id)
        found -= {row[0] for row in await blocks.using_db(connection).values_list("user_id")}
    return sorted(found)


async def request_approval(
    change: Change, user_ids: Sequence[int], inviter_id: int | None, text: str = ""
) -> None:
    """
    Store join requests, and notify the admins. Users with a request keep it.

    Args:
        change: the change of the group.
        user_ids: the users; none of them is a member.
        inviter_id: the inviter; None where the users ask to join.
        text: the users' words for the admins.

    Raises:
        RequestsFull: there are too many requests.
    """
    connection, group = change.connection, change.group
    requests = JoinRequest.filter(group_id=group.id).using_db(connection)
    waiting = await requests.filter(user_id__in=list(user_ids)).values_list("user_id")
    new = sorted({*user_ids} - {row[0] for row in waiting})
    if not new:
        return
    if await requests.count() + len(new) > MAX_REQUESTS:
        raise RequestsFull
    await JoinRequest.bulk_create(
        [
            JoinRequest(group_id=group.id, user_id=user_id, inviter_id=inviter_id, text=text)
            for user_id in new
        ],
        using_db=connection,
    )
    deciding = Member.filter(conv=change.conv, role__gte=ADMIN).using_db(connection)
    admins = [row[0] for row in await deciding.values_list("user_id")]
    data = {
        "event": "join_requested",
        "group_id": group.id,
        "users": new,
        "inviter_id": inviter_id,
        "text": text,
    }
    change.frames.append((data, admins))
