"""Events of a conversation that are not messages: recalls, edits and notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid_utils.compat import UUID, uuid7

from models import Conversation, Member, Message
from models.columns import milliseconds
from services.conversation.visibility import without_text
from services.wire import WireMessage

if TYPE_CHECKING:
    from services import Context


async def lock_conversation(connection: BaseDBAsyncClient, conv: str) -> Conversation | None:
    """
    Return a conversation, locked until the transaction ends.

    Every change of a conversation locks it first, so there is one change at a time.
    """
    query = Conversation.filter(conv=conv).using_db(connection).select_for_update()
    return await query.first()


async def append_event(  # noqa: PLR0913 - one column each
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
    Store an event, so that `sync` returns it to clients that were not connected.

    An event does not count as unread.

    Args:
        connection: the transaction of the change.
        conversation: from `lock_conversation`; its `last_seq` is increased.
        kind: "recall", "edit" or "notice".
        from_id: the user who made the change.
        to_id: the other user, or the group.
        options: the change, for clients.
        data: the new text, where there is one.
        target: the message that changed.
    """
    now = milliseconds()
    conversation.last_seq += 1
    conversation.update_time = now
    event = await Message.create(
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
        .update(last_seq=event.seq, update_time=now)
    )
    return WireMessage.of(event)


async def push_events(
    ctx: Context, conv: str, events: Sequence[WireMessage], also: Iterable[int] = ()
) -> None:
    """
    Push committed events to the members of their conversation.

    Args:
        ctx: the request that made the change.
        conv: the conversation.
        events: in the order of their seq.
        also: recipients who are not members.
    """
    try:
        users = {*await ctx.app.recipients.of(conv), *also}
    except ctx.unavailable_errors as error:
        # It is committed: clients get it with their next sync.
        ctx.logger.error("pushing a change in %s failed: %s", conv, error)
        users = {*also}
    for event in events:
        ctx.app.delivery.push(event, users)


async def push_edit(ctx: Context, event: WireMessage, seq: int) -> None:
    """
    Push a committed edit. Members who joined after the message get it without the text.

    Args:
        ctx: the request that made the change.
        event: the edit.
        seq: of the message that was edited.
    """
    blind: set[int] = set()
    try:
        users = {*await ctx.app.recipients.of(event.conv)}
        if event.chat_type == "group":
            # Read after the recipients: it includes whoever of them just joined again.
            joined_later = Member.filter(conv=event.conv, join_seq__gte=seq)
            blind = users & {int(row[0]) for row in await joined_later.values_list("user_id")}
    except ctx.unavailable_errors as error:
        # It is committed: clients get it with their next sync.
        ctx.logger.error("pushing an edit in %s failed: %s", event.conv, error)
        users = set()
    reduced = without_text(event)
    ctx.app.delivery.push(event, users - blind, reduced=reduced, reduced_for=blind)
