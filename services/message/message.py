"""Checking and sending messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from models import Message
from services.errors import NoFile, NoSuchPerson, RefusedByPlugin, TypeRefused
from services.message.batch import Draft, Stored
from services.message.content_types import ANYTHING, without_file
from services.message.references import refers
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class MessageService(Service):
    """Messages of the one who asks."""

    ctx: Context

    def check(self, draft: Draft, options: Mapping[str, Any] | None) -> Awaitable[Draft] | None:
        """
        Look at a message before it is queued.

        Args:
            draft: the message.
            options: its options, decoded.

        Returns:
            None where nothing has to be looked at; else what gives the message as it may be sent,
            or raises the `ChatError` why not. Until then its sender's next one has to wait.
        """
        if draft.type not in ANYTHING or refers(options) or self.ctx.app.hooks.before_send.handlers:
            return self._check(draft, options)
        return None

    async def _check(self, draft: Draft, options: Mapping[str, Any] | None) -> Draft:
        # First what the server itself holds: a plugin sees only what could be sent.
        if options and refers(options):
            await self.ctx.service.message.references.check(draft, dict(options))
        content = self.ctx.service.message.content_types
        try:
            checked = await content.check(draft)
            answer = await self.ctx.app.hooks.check(checked)
            return checked if answer is checked else await content.check(without_file(answer))
        except (RefusedByPlugin, NoFile, TypeRefused, NoSuchPerson):
            # One that is stored already gets its first answer, whatever is thought of it now, and
            # whatever became of what it carries.
            if draft.cid and await Message.exists(from_id=draft.from_id, cid=draft.cid):
                return draft
            raise

    def send(self, draft: Draft) -> asyncio.Future[Stored]:
        """
        Queue a message for the next commit.

        Returns:
            a future of the stored message, or of the `ChatError` why not.

        Raises:
            Busy: too many messages are waiting.
        """
        return self.ctx.app.writer.put(draft)
