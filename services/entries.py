"""What changes a conversation without being a message: entries with a seq of their own."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID, uuid7

from models import Conversation, Message
from services.wire import WireMessage


async def lock_conversation(connection: BaseDBAsyncClient, conv: str) -> Conversation | None:
    """
    Give a conversation that nobody else writes to before the transaction ends.

    Whoever changes something in a conversation locks it first: so changes come one at a time.
    """
    query = Conversation.filter(conv=conv).using_db(connection).select_for_update()
    return await query.first()


async def append_entry(  # noqa: PLR0913 - one column each
    connection: BaseDBAsyncClient,
    conversation: Conversation,
    kind: str,
    from_id: int,
    to_id: int,
    options: dict[str, Any],
    *,
    data: str = "",
    target: UUID | None = None,
) -> WireMessage:
    """
    Write an entry that tells of a change, so that `sync` brings it to whoever is away.

    It does not count as unread.

    Args:
        connection: the transaction of the change.
        conversation: as `lock_conversation` gave it; its `last_seq` moves.
        kind: "recall", "edit" or "notice".
        from_id: who did it.
        to_id: the other person, or the group.
        options: what clients need to know.
        data: the same as a text, where there is one.
        target: the message that changed.
    """
    now = time.time_ns() // 1_000_000
    conversation.last_seq += 1
    conversation.update_time = now
    entry = await Message.create(
        id=uuid7(),
        conv=conversation.conv,
        seq=conversation.last_seq,
        number=conversation.last_number,
        from_id=from_id,
        to_id=to_id,
        chat_type=conversation.chat_type,
        type=kind,
        data=data,
        options=msgspec.json.encode(options).decode(),
        target=target,
        create_time=now,
        using_db=connection,
    )
    await (
        Conversation.filter(conv=conversation.conv)
        .using_db(connection)
        .update(last_seq=entry.seq, update_time=now)
    )
    return WireMessage.of(entry)
