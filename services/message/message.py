"""Sending, editing and recalling messages."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from models import Member, Message
from models.columns import milliseconds
from services import Service
from services.conversation.events import append_event, push_edit, push_events
from services.errors import (
    MentionsAll,
    NoFile,
    NoForward,
    NoGroup,
    NoMention,
    NoMessage,
    NoReply,
    NoSuchPerson,
    NotText,
    RefusedByPlugin,
    TooLate,
    TooLateToEdit,
    TooManySends,
    TypeRefused,
)
from services.group.roles import ADMIN, MEMBER
from services.message.batch import Stored
from services.message.content_types import FREE_TYPES, check_content
from services.message.draft import Draft
from services.message.permission import recall_refusal, refusal_by_group, refusal_by_user
from services.message.recalling import append_recall, earlier_recall
from services.message.references import check_references, has_references
from services.message.sql.permission import read_membership, read_relation
from services.message.target import Target, lock_target, parse_message_id
from services.search.sql import change
from services.wire import WireMessage

NOT_FOR_REPETITIONS = (
    *(NoReply, NoForward, NoMention, MentionsAll, NoGroup),
    *(NoFile, TypeRefused, NoSuchPerson, RefusedByPlugin),
)
"""Refusals that do not apply to a repetition of a stored message: its sender gets the first answer
again, even if the message would be refused now."""


class MessageService(Service):
    """
    Sends, edits and recalls messages of the user who asks.

    A message goes from its `Draft` through `check` into the queue of `ctx.app.writer`
    (`writer.py`), which stores it in a batch (`batch.py`, `sql/`) and then pushes it
    (`services/push/delivery.py`). Whether the sender may write there is decided in the transaction
    that stores it (`permission.py`).
    """

    async def send(self, draft: Draft) -> Stored:
        """
        Check a message, and return it when it is stored.

        Raises:
            ChatError: it is refused, or too many messages are waiting.
        """
        checking = self.check(draft)
        return await self.ctx.app.writer.put(draft if checking is None else await checking)

    def check(self, draft: Draft) -> Awaitable[Draft] | None:
        """
        Check what has to be looked up before a message is queued.

        Returns:
            None if there is nothing to look up. Otherwise an awaitable that returns the message to
            store, or raises a `ChatError`; the next message of its sender must wait for it.

        Raises:
            TooManySends: the user sends too many messages.
        """
        if wait := self.ctx.app.send_buckets.take(draft.from_id):
            raise TooManySends(wait)
        if (
            draft.type in FREE_TYPES
            and not has_references(draft.options)
            and not self.ctx.app.hooks.before_send.handlers
        ):
            return None
        return self._check(draft)

    async def _check(self, draft: Draft) -> Draft:
        database, extra_types = self.ctx.app.orm, self.ctx.app.config.chat.extra_types
        try:
            # The server's own rules come first: plugins see only valid messages.
            if has_references(draft.options):
                await check_references(draft)
            checked = await check_content(draft, database, extra_types)
            answer = await self.ctx.app.hooks.check(checked)
            if answer is not checked:
                checked = await check_content(answer, database, extra_types)
        except NOT_FOR_REPETITIONS:
            if draft.cid and await Message.exists(from_id=draft.from_id, cid=draft.cid):
                return draft
            raise
        return checked

    async def edit(self, user_id: int, message_id: str, data: str) -> WireMessage:
        """
        Replace the text of a message and announce it in the conversation.

        The announcement is an event with the new text, so that `sync` brings it to clients that
        are not connected; it does not count as unread. The same text again changes nothing.

        Args:
            user_id: who asks.
            message_id: the message's id.
            data: the new text, with the limits of a new message.

        Returns:
            the edited message.

        Raises:
            NoMessage: it does not exist, is another user's, was recalled, or is not visible to the
                user.
            NotText: it is not a text.
            TooLateToEdit: it was sent too long ago.
            Muted: an admin of the group muted the user.
            AllMuted: only admins may write.
            Blocked: the recipient blocked the user.
            RefusedByPlugin: a plugin refuses the new text.
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
            await self._check_permission(connection, message, now)
            message.data, message.edit_time = data, now
            row = Message.filter(id=message.id).using_db(connection)
            await row.update(data=data, edit_time=now)
            await change(connection, conversation, message.seq, message.create_time, data)
            event = await append_event(
                connection,
                conversation,
                "edit",
                user_id,
                message.to_id,
                {"target": str(message.id), "seq": message.seq, "edit_time": now},
                data=data,
                target=message.id,
            )
        await push_edit(self.ctx, event, message.seq)
        return WireMessage.of(message)

    async def _ask_plugins(self, user_id: int, message_id: str, data: str) -> str:
        """Return the new text as plugins leave it: an edit must not bypass them."""
        target = parse_message_id(message_id)
        message = await Message.get_or_none(id=target, from_id=user_id) if target else None
        if message is None or message.type != "text" or message.isremove or message.data == data:
            return data  # `edit` refuses it, or changes nothing
        draft = Draft(
            from_id=user_id,
            to_id=message.to_id,
            cid=message.cid,
            type=message.type,
            data=data,
            options=msgspec.json.decode(message.options) if message.options else None,
            chat_type=message.chat_type,
        )
        return (await self.ctx.app.hooks.check(draft)).data

    async def _check_permission(
        self, connection: BaseDBAsyncClient, message: Message, now: int
    ) -> None:
        """Raise the refusal if the user may no longer write in the conversation."""
        dialect, strangers = self.ctx.app.orm.dialect, self.ctx.app.config.chat.strangers
        sender, to = message.from_id, message.to_id
        if message.chat_type == "group":
            membership = await read_membership(connection, dialect, to, sender)
            if membership is None:
                raise NoMessage
            refusal = refusal_by_group(membership, now)
        else:
            relation = await read_relation(connection, dialect, sender, to, strangers)
            refusal = refusal_by_user(relation, accepted=True)
        if refusal is not None:
            raise refusal

    async def recall(self, user_id: int, message_id: str) -> WireMessage:
        """
        Erase the content of a message from the database and announce it in the conversation.

        The announcement is an event, so that `sync` brings it to clients that are not connected;
        it does not count as unread. Recalling a message again returns the same event.

        Args:
            user_id: who asks: the author, or in a group also an admin.
            message_id: the message's id.

        Returns:
            the event.

        Raises:
            NoMessage: it does not exist, is not visible to the user, or is the other user's.
            NotPermitted: it is another member's, and the user's role does not allow it.
            TooLate: it was sent too long ago.
        """
        async with self.ctx.app.orm.transaction() as connection:
            target = await lock_target(connection, user_id, message_id)
            conversation, message, member = target
            refusal = await _recall_refusal(connection, target)
            if refusal is not None:
                raise refusal
            if message.isremove:
                return await earlier_recall(connection, message)
            age = milliseconds() - message.create_time
            if age > self.ctx.app.config.chat.recall_within * 1000 and member.role < ADMIN:
                raise TooLate
            event = await append_recall(connection, conversation, message, user_id)
        await push_events(self.ctx, conversation.conv, [event])
        return event


async def _recall_refusal(connection: BaseDBAsyncClient, target: Target) -> Exception | None:
    conversation, message, member = target
    is_author, is_group = message.from_id == member.user_id, conversation.chat_type == "group"
    author = None
    if is_group and not is_author:
        author = await Member.get_or_none(
            conv=message.conv, user_id=message.from_id, using_db=connection
        )
    author_role = MEMBER if author is None else author.role
    return recall_refusal(member.role, author_role, is_author=is_author, is_group=is_group)
