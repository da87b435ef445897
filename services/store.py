"""Many messages in one transaction: who may, what is a repetition, which seq, what is kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from uuid_utils.compat import uuid7

from models import Conversation, Member, Message, User
from services.errors import ChatError, NoRecipient, UserDisabled
from services.wire import WireMessage, single

Key = tuple[int, str | None]


class Draft(msgspec.Struct, frozen=True):
    """A message as its sender hands it in."""

    from_id: int
    to_id: int
    cid: str | None
    type: str
    data: str
    options: str | None = None
    """A JSON object, as its text."""
    chat_type: str = "single"
    origin: object = None
    """The socket it came over, which gets the answer and not the push."""

    @property
    def conv(self) -> str:
        """The conversation it belongs to."""
        return single(self.from_id, self.to_id)

    @property
    def key(self) -> Key:
        """What makes it the same message when it is sent again."""
        return self.from_id, self.cid


class Stored(msgspec.Struct, frozen=True):
    """A message that is in the database."""

    message: WireMessage
    dup: bool
    """It was there before: this is the first answer again."""
    origin: object = None


async def store(
    connection: BaseDBAsyncClient, drafts: Sequence[Draft]
) -> Sequence[Stored | ChatError]:
    """
    Store messages within an open transaction.

    Args:
        connection: the transaction. Nothing here is true before it commits.
        drafts: what to store, in order.

    Returns:
        for each draft what was stored, or why not.

    Raises:
        IntegrityError: another worker stored the same message a moment ago; try again.
    """
    statuses = await _statuses(connection, drafts)
    earlier = await _earlier(connection, drafts)
    outcomes: list[Stored | ChatError | None] = [_refusal(draft, statuses) for draft in drafts]
    fresh: dict[Key | int, Draft] = {}
    for place, draft in enumerate(drafts):
        if outcomes[place] is None and draft.key not in earlier:
            # Without a cid every message is one of its own.
            fresh.setdefault(place if draft.cid is None else draft.key, draft)
    rows = await _insert(connection, fresh)
    told: set[Key | int] = set()
    for place, draft in enumerate(drafts):
        if outcomes[place] is not None:
            continue
        key: Key | int = place if draft.cid is None else draft.key
        row = rows.get(key) or earlier[draft.key]
        dup = key not in rows or key in told
        told.add(key)
        outcomes[place] = Stored(WireMessage.of(row), dup, draft.origin)
    return [outcome for outcome in outcomes if outcome is not None]


def _refusal(draft: Draft, statuses: dict[int, int]) -> ChatError | None:
    if not statuses.get(draft.from_id):
        return UserDisabled()
    if not statuses.get(draft.to_id):
        return NoRecipient()
    return None


async def _statuses(connection: BaseDBAsyncClient, drafts: Iterable[Draft]) -> dict[int, int]:
    ids = {person for draft in drafts for person in (draft.from_id, draft.to_id)}
    rows = await User.filter(id__in=ids).using_db(connection).values_list("id", "status")
    return dict(rows)


async def _earlier(connection: BaseDBAsyncClient, drafts: Iterable[Draft]) -> dict[Key, Message]:
    keys = {draft.key for draft in drafts if draft.cid is not None}
    if not keys:
        return {}
    same = Q(*(Q(from_id=sender, cid=cid) for sender, cid in keys), join_type=Q.OR)
    rows = await Message.filter(same).using_db(connection)
    return {(row.from_id, row.cid): row for row in rows}


async def _insert(
    connection: BaseDBAsyncClient, fresh: dict[Key | int, Draft]
) -> dict[Key | int, Message]:
    if not fresh:
        return {}
    conversations = await _lock(connection, fresh.values())
    now = time.time_ns() // 1_000_000
    rows: dict[Key | int, Message] = {}
    latest: dict[tuple[str, int], Message] = {}
    for key, draft in fresh.items():
        conversation = conversations[draft.conv]
        conversation.last_seq += 1
        conversation.last_number += 1
        conversation.update_time = now
        rows[key] = latest[draft.conv, draft.from_id] = Message(
            id=uuid7(),
            conv=draft.conv,
            seq=conversation.last_seq,
            number=conversation.last_number,
            from_id=draft.from_id,
            to_id=draft.to_id,
            cid=draft.cid,
            chat_type=draft.chat_type,
            type=draft.type,
            data=draft.data,
            options=draft.options,
            create_time=now,
        )
    await Message.bulk_create(rows.values(), using_db=connection)
    await Conversation.bulk_update(
        conversations.values(), ["last_seq", "last_number", "update_time"], using_db=connection
    )
    await _read_own(connection, latest)
    return rows


async def _lock(connection: BaseDBAsyncClient, drafts: Iterable[Draft]) -> dict[str, Conversation]:
    """Lock the conversations, always in the same order, and make those that are new."""
    members = {draft.conv: {draft.from_id, draft.to_id} for draft in drafts}
    found = await _locked(connection, members)
    missing = sorted(set(members) - set(found))
    if missing:
        await Conversation.bulk_create(
            [Conversation(conv=conv, chat_type="single") for conv in missing],
            ignore_conflicts=True,
            using_db=connection,
        )
        await Member.bulk_create(
            [Member(conv=conv, user_id=user) for conv in missing for user in sorted(members[conv])],
            ignore_conflicts=True,
            using_db=connection,
        )
        found |= await _locked(connection, missing)
    return found


async def _locked(connection: BaseDBAsyncClient, convs: Iterable[str]) -> dict[str, Conversation]:
    rows = (
        await Conversation.filter(conv__in=sorted(convs))
        .order_by("conv")
        .using_db(connection)
        .select_for_update()
    )
    return {row.conv: row for row in rows}


async def _read_own(connection: BaseDBAsyncClient, latest: dict[tuple[str, int], Message]) -> None:
    """Who writes has read what stood before; the delivered cursor stays, for other devices."""
    theirs = Q(*(Q(conv=conv, user_id=user) for conv, user in latest), join_type=Q.OR)
    members = await Member.filter(theirs).using_db(connection)
    for member in members:
        row = latest[member.conv, member.user_id]
        member.read_seq, member.read_number = row.seq, row.number
    await Member.bulk_update(members, ["read_seq", "read_number"], using_db=connection)
