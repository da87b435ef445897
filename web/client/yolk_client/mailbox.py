"""The inbox and the outbox of one user, connected with each other."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from yolk_client.backoff import Backoff
from yolk_client.connection import Connection
from yolk_client.inbox import Inbox
from yolk_client.listeners import Listeners
from yolk_client.outbox import Outbox
from yolk_client.receipts import Receipts
from yolk_client.store import Store
from yolk_client.types import Message, OutboxEntry


class Mailbox:
    """
    What one user receives and sends, from `start()` to `stop()` of the client.

    What is sent comes back through the inbox when it is stored, so that the listeners get one
    sequence. What a listener sends is stored together with the message that it answers.

    Args:
        user_id: the user.
        store: keeps cursors and outbox.
        connection: sends requests.
        listeners: get the messages.
        receipts: are told what was delivered.
        backoff: the wait after a temporary failure.
        max_missed: the number of missed messages of one conversation above which there is a gap.
    """

    def __init__(
        self,
        user_id: int,
        *,
        store: Store,
        connection: Connection,
        listeners: Listeners,
        receipts: Receipts,
        backoff: Backoff,
        max_missed: int | None,
    ) -> None:
        self._listeners = listeners
        self.outbox = Outbox(
            user_id,
            store,
            backoff,
            request=connection.request,
            on_stored=self._deliver_own,
            on_change=lambda conv: listeners.emit("outbox", {"conv": conv}),
        )
        self._inbox = Inbox(
            user_id,
            store,
            request=connection.request,
            deliver=listeners.deliver,
            release=self.outbox.release,
            emit=listeners.emit,
            on_delivered=receipts.delivered,
            max_missed=max_missed,
        )
        self._delivering = asyncio.create_task(self._inbox.run())

    async def close(self) -> None:
        """Stop delivering and sending; what waits is kept."""
        self._delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._delivering
        await self.outbox.close()

    def resume(self) -> None:
        """Catch up, and send what waits: there is a new connection."""
        self._inbox.catch_up()
        self.outbox.resume()

    def receive(self, kind: str, data: Any) -> None:
        """Take a push of the server."""
        if kind == "message":
            self._inbox.push(Message.of(data))
        elif kind == "sync":
            self._inbox.catch_up()

    def send(self, entry: OutboxEntry) -> None:
        """Send a message; one of a listener waits until the listener has finished."""
        delivery = self._listeners.current_delivery()
        if delivery is None:
            self.outbox.add(entry)
        else:
            delivery.written.append(entry)
            self.outbox.hold(entry)

    def _deliver_own(self, entry: OutboxEntry, answer: Any) -> None:
        if answer["dup"] or answer.get("changed"):  # fetch what is stored
            self._inbox.note_seq(answer["conv"], answer["seq"])
            return
        self._inbox.push(
            Message(
                id=answer["id"],
                conv=answer["conv"],
                seq=answer["seq"],
                cid=entry.cid,
                from_id=entry.from_id,
                to_id=entry.to_id,
                chat_type=entry.chat_type,
                type=entry.type,
                data=entry.data,
                options=entry.options,
                create_time=answer["create_time"],
            )
        )
