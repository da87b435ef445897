"""Changing what a message says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise.backends.base.client import BaseDBAsyncClient

from models import Block, Group, Message
from models.columns import milliseconds
from services.conversation.events import append_event, push_events
from services.errors import Blocked, NoMessage, NotText, TooLateToEdit
from services.message.batch import Draft, Seat
from services.message.target import Target, lock_target, parse_id
from services.search.sql import change
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class EditService(Service):
    """Edits messages."""

    ctx: Context

    async def edit(self, user_id: int, message_id: str, data: str) -> WireMessage:
        """
        Give a message of one's own another text; everybody is told.

        What tells them is an entry of the conversation with the new text, so that `sync` brings
        it to whoever is away; it does not count as unread. The same text again changes nothing.

        Args:
            user_id: who asks.
            message_id: the message's id.
            data: the new text, as `send` takes it.

        Returns:
            the message as it is now.

        Raises:
            NoMessage: there is none, it is another's, it was recalled, or one cannot see it.
            NotText: it is no text.
            TooLateToEdit: it was sent too long ago.
            Muted: an administrator of the group muted the sender.
            AllMuted: only administrators may write.
            Blocked: the other one does not want to hear from the sender.
            RefusedByPlugin: a plugin says no.
        """
        if self.ctx.app.hooks.before_send.handlers:
            data = await self._ask_plugins(user_id, message_id, data)
        async with self.ctx.app.orm.transaction() as connection:
            target = await lock_target(connection, user_id, message_id)
            conversation, message, _ = target
            if message.from_id != user_id or message.isremove:
                raise NoMessage
            if message.type != "text":
                raise NotText
            if message.data == data:
                return WireMessage.of(message)
            now = milliseconds()
            if now - message.create_time > self.ctx.app.config.chat.edit_within * 1000:
                raise TooLateToEdit
            await _hold_that_one_may_write(connection, target, now)
            message.data, message.edit_time = data, now
            this = Message.filter(id=message.id).using_db(connection)
            await this.update(data=data, edit_time=now)
            await change(connection, conversation, message.seq, message.create_time, data)
            entry = await append_event(
                connection,
                conversation,
                "edit",
                user_id,
                message.to_id,
                {"target": str(message.id), "seq": message.seq, "edit_time": now},
                data=data,
                target=message.id,
            )
        await push_events(self.ctx, conversation.conv, [entry])
        return WireMessage.of(message)

    async def _ask_plugins(self, user_id: int, message_id: str, data: str) -> str:
        """Give the new text as plugins leave it: editing is no way around them."""
        target = parse_id(message_id)
        message = await Message.get_or_none(id=target, from_id=user_id) if target else None
        if message is None or message.type != "text" or message.isremove or message.data == data:
            return data  # which is refused below, or changes nothing
        draft = Draft(
            from_id=user_id,
            to_id=message.to_id,
            cid=message.cid,
            type=message.type,
            data=data,
            options=message.options,
            chat_type=message.chat_type,
        )
        return (await self.ctx.app.hooks.check(draft)).data


async def _hold_that_one_may_write(connection: BaseDBAsyncClient, target: Target, now: int) -> None:
    """Refuse an edit to those whose messages would be refused: it is one more way to say it."""
    conversation, message, member = target
    if conversation.chat_type != "group":
        if await Block.exists(
            user_id=message.to_id, blocked_id=message.from_id, using_db=connection
        ):
            raise Blocked
        return
    group = await Group.get_or_none(id=message.to_id, dissolve_time=None, using_db=connection)
    if group is None:
        raise NoMessage
    seat = Seat(group.version, bool(group.muted), member.role, member.muted_until)
    if refusal := seat.refusal(now):
        raise refusal
