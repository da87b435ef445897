"""What changes a conversation without being a message: entries with a seq of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID, uuid7

from models import Conversation, Message
from models.columns import milliseconds
from services.wire import WireMessage

if TYPE_CHECKING:
    from extend.context import Context


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
    now = milliseconds()
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


async def tell(
    ctx: Context, conv: str, entries: Sequence[WireMessage], also: Iterable[int] = ()
) -> None:
    """
    Push committed entries to everybody who is in their conversation.

    Args:
        ctx: of the request that made them.
        conv: the conversation.
        entries: in the order in which they were written.
        also: others whom they concern.
    """
    try:
        people = {*await ctx.app.recipients.of(conv), *also}
    except ctx.unavailable_errors as error:
        # Committed is committed: who is not told now finds it when syncing.
        ctx.logger.error("telling of a change in %s failed: %s", conv, error)
        people = {*also}
    for entry in entries:
        ctx.app.delivery.push(entry, people)
