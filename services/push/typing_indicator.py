"""Shows users that another one is typing. It is never stored, and dropped first under load."""

from __future__ import annotations

from models.columns import milliseconds
from services import Service
from services.errors import NoGroup
from services.message.permission import refusal_by_group, refusal_by_user
from services.message.sql.permission import read_membership, read_relation
from services.wire import group_conv

MAX_GROUP_MEMBERS = 200
"""In a larger group nobody is notified."""


class TypingIndicatorService(Service):
    """The typing indicator of the user who asks."""

    async def show(self, user_id: int, to_id: int, chat_type: str, origin: object = None) -> None:
        """
        Notify the recipients, unless the user may not write to them; the user does not learn that.

        Args:
            user_id: who is typing.
            to_id: the other user, or the group.
            chat_type: "single" or "group".
            origin: the socket of the request, which is not notified.

        Raises:
            NoGroup: there is none, or the user is not in it.
        """
        recipients = await self._recipients(user_id, to_id, chat_type)
        if recipients:
            data = {"from_id": user_id, "to_id": to_id, "chat_type": chat_type}
            self.ctx.app.delivery.send("typing", data, recipients, origin, droppable=True)

    async def _recipients(self, user_id: int, to_id: int, chat_type: str) -> list[int]:
        app = self.ctx.app
        connection, dialect = app.orm.connection, app.orm.dialect
        if chat_type != "group":
            strangers = app.config.chat.strangers
            relation = await read_relation(connection, dialect, user_id, to_id, strangers)
            return [] if refusal_by_user(relation) else [to_id]
        membership = await read_membership(connection, dialect, to_id, user_id)
        if membership is None:
            raise NoGroup
        if refusal_by_group(membership, milliseconds()):
            return []
        members = await app.recipients.of_group(group_conv(to_id), membership.version)
        return (
            [] if len(members) > MAX_GROUP_MEMBERS else [one for one in members if one != user_id]
        )
