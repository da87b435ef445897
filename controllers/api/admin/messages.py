"""Messages, for administrators."""

from __future__ import annotations

from controllers.api.admin.requests import Because, MessagePath
from extend.context import Context
from services.admin.actor import Actor
from services.errors import NoMessage
from services.wire import WireMessage
from yolk import Controller, describe


class MessagesController(Controller[Context]):
    """A controller with which administrators see and recall any message."""

    section = "Administration: messages"
    section_summary = "See and recall messages."

    @property
    def message_id(self) -> str:
        """The id of the message in the path."""
        return self.ctx.read(MessagePath, self.ctx.params).id

    @describe(answer=WireMessage, errors=(NoMessage,))
    async def show(self) -> None:
        """Show a message."""
        self.ctx.api_success(await self.ctx.service.admin.messages.show(self.message_id))

    @describe(body=Because, answer=WireMessage, errors=(NoMessage,))
    async def recall(self) -> None:
        """Recall a message of anybody, at any time."""
        body, actor = self.ctx.read(Because), Actor.of_request(self.ctx)
        messages = self.ctx.service.admin.messages
        self.ctx.api_success(await messages.recall(actor, self.message_id, body.reason))
