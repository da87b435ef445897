"""Candidates for a group: users who can be added, and requests for approval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Block, JoinRequest, Member, Preference, User
from services.account.sql import comparable_ids
from services.contact.sql import users_who_know
from services.errors import RequestsFull, TooManyAdded, TooManyInvites
from services.group.change import Change
from services.group.roles import ADMIN

if TYPE_CHECKING:
    from services import Context

MAX_REQUESTS = 1000
"""Join requests of one group."""


class Candidates(NamedTuple):
    """The users who may be added to a group, sorted. All others are refused."""

    known: list[int]
    """They know the inviter, and can be added at once."""
    strangers: list[int]
    """They do not, and have to accept an invitation."""


async def existing(connection: BaseDBAsyncClient, user_ids: Collection[int]) -> list[int]:
    """Return those users who exist and are not disabled, sorted."""
    user_ids = await comparable_ids(connection, user_ids)
    if not user_ids:
        return []
    people = User.filter(id__in=list(user_ids), status=1).using_db(connection)
    return sorted(row[0] for row in await people.values_list("id"))


async def find_candidates(
    ctx: Context, connection: BaseDBAsyncClient, user_ids: Collection[int], inviter_id: int
) -> Candidates:
    """
    Return those users whom an inviter can add to a group, or ask.

    A user knows the inviter if they once wrote to the inviter, as for messages from strangers.
    Users who do not exist, are disabled or blocked the inviter are left out, and strangers who
    accept nothing from strangers. The number of queries does not grow with the users.

    Args:
        ctx: the request.
        connection: the transaction.
        user_ids: the users.
        inviter_id: the inviter.
    """
    ids = await existing(connection, user_ids)
    if not ids:
        return Candidates([], [])
    blocks = Block.filter(user_id__in=ids, blocked_id=inviter_id).using_db(connection)
    blocking = {row[0] for row in await blocks.values_list("user_id")}
    known = await users_who_know(connection, ctx.app.orm.dialect, ids, inviter_id)
    preferences = Preference.filter(user_id__in=ids).using_db(connection)
    wishes = dict(await preferences.values_list("user_id", "strangers"))
    default = ctx.app.config.chat.strangers
    return Candidates(
        known=[one for one in ids if one in known and one not in blocking],
        strangers=[
            one
            for one in ids
            if one not in known
            and one not in blocking
            and (wishes.get(one) or default) != "nothing"
        ],
    )


async def count_candidates(ctx: Context, user_ids: Collection[int], inviter_id: int) -> None:
    """
    Count users whom somebody adds to a group, and those of them to invite.

    Outside of a transaction: nobody waits for the answer of Redis.

    Args:
        ctx: the request.
        user_ids: the users.
        inviter_id: the inviter.

    Raises:
        TooManyAdded: the inviter added too many users to groups.
        TooManyInvites: the inviter invited too many users who do not know them.
    """
    rates, limits, orm = ctx.app.rates, ctx.app.config.chat.limits, ctx.app.orm
    others = {*user_ids} - {inviter_id}
    if not others:
        return
    known = await users_who_know(orm.connection, orm.dialect, others, inviter_id)
    if strangers := len(others - known):
        await rates.take(limits.invitation, "invitation", inviter_id, TooManyInvites, strangers)
    if known:
        await rates.take(limits.members, "members", inviter_id, TooManyAdded, len(known))


async def request_approval(
    change: Change, user_ids: Sequence[int], inviter_id: int | None, text: str = ""
) -> list[int]:
    """
    Store join requests, and notify the admins. Users with a request keep it.

    Args:
        change: the change of the group.
        user_ids: the users; none of them is a member.
        inviter_id: the inviter; None where the users ask to join.
        text: the users' words for the admins.

    Returns:
        the users who had no request before.

    Raises:
        RequestsFull: there are too many requests.
    """
    connection, group = change.connection, change.group
    requests = JoinRequest.filter(group_id=group.id).using_db(connection)
    waiting = await requests.filter(user_id__in=list(user_ids)).values_list("user_id")
    new = sorted({*user_ids} - {row[0] for row in waiting})
    if not new:
        return []
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
    return new
