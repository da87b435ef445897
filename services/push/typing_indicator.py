"""Showing that somebody is writing at this moment. It is never stored, and lost first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import Block
from services.errors import NoGroup
from services.wire import group
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

LARGEST = 200
"""In a group with more members nobody is told."""


class TypingIndicatorService(Service):
    """Tells of writing."""

    ctx: Context

    async def show(self, user_id: int, to_id: int, chat_type: str, origin: object = None) -> None:
        """
        Tell those concerned; nobody who blocked the writer, who does not learn that.

        Args:
            user_id: who writes.
            to_id: the other person, or the group.
            chat_type: "single" or "group".
            origin: the socket that says so.

        Raises:
            NoGroup: there is none, or the user is not in it.
        """
        if chat_type == "group":
            members = await self.ctx.app.recipients.of(group(to_id))
            if user_id not in members:
                raise NoGroup
            told = [one for one in members if one != user_id] if len(members) <= LARGEST else []
        else:
            blocked = await Block.exists(user_id=to_id, blocked_id=user_id)
            told = [] if blocked else [to_id]
        data = {"from_id": user_id, "to_id": to_id, "chat_type": chat_type}
        if told:
            self.ctx.app.delivery.send("typing", data, told, origin, droppable=True)
