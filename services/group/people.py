"""Who may be brought into a group, and who waits to be let in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Block, JoinRequest, Member, User
from services.errors import RequestsFull
from services.group.change import ADMIN, Change

WAITING = 1000
"""How many people wait at one group at most."""


async def willing(
    connection: BaseDBAsyncClient, user_ids: Collection[int], inviter_id: int | None = None
) -> list[int]:
    """
    Give those of some people who can be brought into a group, sorted.

    Left out is who does not exist, is disabled, or blocked the one who invites.
    """
    if not user_ids:
        return []
    people = User.filter(id__in=list(user_ids), status=1).using_db(connection)
    found = {row[0] for row in await people.values_list("id")}
    if found and inviter_id is not None:
        blocks = Block.filter(user_id__in=list(found), blocked_id=inviter_id)
        found -= {row[0] for row in await blocks.using_db(connection).values_list("user_id")}
    return sorted(found)


async def ask_for(
    change: Change, user_ids: Sequence[int], inviter_id: int | None, text: str = ""
) -> None:
    """
    Let people wait for an administrator, who is told; who waits already goes on waiting.

    Args:
        change: of the group.
        user_ids: none of them a member.
        inviter_id: who invited them; None when they ask themselves.
        text: what they say to it.

    Raises:
        RequestsFull: too many wait.
    """
    connection, group = change.connection, change.group
    requests = JoinRequest.filter(group_id=group.id).using_db(connection)
    waiting = await requests.filter(user_id__in=list(user_ids)).values_list("user_id")
    new = sorted({*user_ids} - {row[0] for row in waiting})
    if not new:
        return
    if await requests.count() + len(new) > WAITING:
        raise RequestsFull
    await JoinRequest.bulk_create(
        [
            JoinRequest(group_id=group.id, user_id=user_id, inviter_id=inviter_id, text=text)
            for user_id in new
        ],
        using_db=connection,
    )
    deciding = Member.filter(conv=change.conv, role__gte=ADMIN).using_db(connection)
    told = [row[0] for row in await deciding.values_list("user_id")]
    data = {
        "event": "join_requested",
        "group_id": group.id,
        "users": new,
        "inviter_id": inviter_id,
        "text": text,
    }
    change.frames.append((data, told))
