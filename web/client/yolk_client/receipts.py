"""Telling the server what was read and what was delivered."""

from __future__ import annotations

import asyncio

from yolk_client.background import BackgroundTasks
from yolk_client.connection import Connection
from yolk_client.errors import YolkError

DELIVERED_LINGER = 0.3
"""Seconds for which `delivered` is collected, so that it is not sent for every message."""


class Receipts:
    """
    The cursors that are still to be sent.

    What was read is sent until the server has it. What was delivered is sent once: if it is lost,
    the next one, or the next sync, makes up for it.

    Args:
        connection: sends them.
        acknowledge: send `delivered`.
    """

    def __init__(self, connection: Connection, *, acknowledge: bool) -> None:
        self._connection = connection
        self._acknowledge = acknowledge
        self._read: dict[str, int] = {}
        self._delivered: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = BackgroundTasks()

    def read(self, conv: str, seq: int) -> None:
        """Send that everything up to *seq* was read, now or when there is a connection."""
        if seq > self._read.get(conv, 0):
            self._read[conv] = seq
            self._tasks.spawn(self._send_read(conv, seq))

    def delivered(self, conv: str, seq: int) -> None:
        """Send, a little later, that everything up to *seq* was delivered."""
        if not self._acknowledge:
            return
        self._delivered[conv] = seq
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(DELIVERED_LINGER, self._send_delivered)

    def resume(self) -> None:
        """Send again what was read: there is a new connection."""
        for conv, seq in self._read.items():
            self._tasks.spawn(self._send_read(conv, seq))

    def drop_delivered(self) -> None:
        """Send no more of what was delivered: the client stops."""
        self._delivered.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_delivered(self) -> None:
        self._timer = None
        delivered, self._delivered = self._delivered, {}
        for conv, seq in delivered.items():
            self._connection.notify("delivered", {"conv": conv, "seq": seq})

    async def _send_read(self, conv: str, seq: int) -> None:
        try:
            await self._connection.request("read", {"conv": conv, "seq": seq})
        except YolkError as error:
            if error.temporary:
                return  # sent again over the next connection
        if self._read.get(conv) == seq:
            del self._read[conv]
