"""The typing indicator. It is never stored, and is dropped first under load."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.expressions import Q

from models import Block
from models.columns import milliseconds
from services import Service
from services.contact.sql import users_who_know
from services.errors import NoGroup, TooManyTyping
from services.message.permission import refusal_by_group
from services.message.sql.permission import read_membership
from services.wire import group_conv

MAX_GROUP_MEMBERS = 200
"""In a larger group nobody is notified."""


class TypingIndicatorService(Service):
    """Shows the typing indicator of the user who asks."""

    async def show(self, user_id: int, to_id: int, chat_type: str, origin: object = None) -> None:
        """
        Notify the recipients; silently do nothing if the user may not write to them.

        Strangers are not shown, whatever the recipient accepts from them. Where one of two users
        blocked the other, neither sees the other typing, in groups as well. Nobody is notified
        while the worker is busy.

        Args:
            user_id: who is typing.
            to_id: the other user, or the group.
            chat_type: "single" or "group".
            origin: the socket of the request, which is not notified.

        Raises:
            NoGroup: it does not exist, or the user is not in it.
            TooManyTyping: the user asks for it too often.
        """
        if wait := self.ctx.app.typing_buckets.take(user_id):
            raise TooManyTyping(wait)
        if self.ctx.app.load.is_busy:
            return
        recipients = await self._recipients(user_id, to_id, chat_type)
        if recipients:
            data = {"from_id": user_id, "to_id": to_id, "chat_type": chat_type}
            self.ctx.app.delivery.send("typing", data, recipients, origin, droppable=True)

    async def _recipients(self, user_id: int, to_id: int, chat_type: str) -> list[int]:
        app = self.ctx.app
        connection, dialect = app.orm.connection, app.orm.dialect
        if chat_type != "group":
            if to_id == user_id:
                return [user_id]
            knowing = await users_who_know(connection, dialect, [to_id], user_id)
            return await self._unblocked(user_id, [*knowing])
        membership = await read_membership(connection, dialect, to_id, user_id)
        if membership is None:
            raise NoGroup
        if refusal_by_group(membership, milliseconds()):
            return []
        members = await app.recipients.of_group(group_conv(to_id), membership.version)
        if len(members) > MAX_GROUP_MEMBERS:
            return []
        return await self._unblocked(user_id, [one for one in members if one != user_id])

    async def _unblocked(self, user_id: int, others: Sequence[int]) -> list[int]:
        """Return those users who did not block this one, and whom this one did not block."""
        if not others:
            return []
        blocking = Q(user_id__in=others, blocked_id=user_id)
        pairs = await Block.filter(
            blocking | Q(user_id=user_id, blocked_id__in=others)
        ).values_list("user_id", "blocked_id")
        excluded = {one for pair in pairs for one in pair} - {user_id}
        return [one for one in others if one not in excluded]
