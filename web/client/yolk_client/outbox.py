"""
The messages that are not yet known to be stored.

A message stays here until the server has answered for its cid. It is sent again over every new
connection, and after a restart of the program; the server knows the cid, so it is stored once.
One message of a conversation is in flight at a time: that keeps their order if one must wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from yolk_client.backoff import Backoff
from yolk_client.errors import Lost, YolkError
from yolk_client.store import Store
from yolk_client.types import OutboxEntry

Request = Callable[[str, Any], Awaitable[Any]]


class Outbox:
    """
    The messages of one user that are to be sent.

    Args:
        user_id: the user.
        store: keeps the messages.
        backoff: the wait after a temporary failure.
        request: sends a request to the server.
        on_stored: called with each stored message, and the server's answer.
        on_change: called with the conversation in which something changed.
    """

    def __init__(
        self,
        user_id: int,
        store: Store,
        backoff: Backoff,
        *,
        request: Request,
        on_stored: Callable[[OutboxEntry, Any], None],
        on_change: Callable[[str], None],
    ) -> None:
        self._store = store
        self._backoff = backoff
        self._request = request
        self._on_stored = on_stored
        self._on_change = on_change
        self._entries = {entry.cid: entry for entry in store.outbox(user_id)}
        self._held: set[str] = set()
        self._draining: dict[str, asyncio.Task[None]] = {}
        self._fewer = asyncio.Event()

    def entries(self, conv: str | None = None) -> list[OutboxEntry]:
        """Return the messages that wait or failed, in order."""
        return [one for one in self._entries.values() if conv is None or one.conv == conv]

    def hold(self, entry: OutboxEntry) -> None:
        """Add a message that is stored elsewhere, and sent only after `release`."""
        self._entries[entry.cid] = entry
        self._held.add(entry.cid)
        self._on_change(entry.conv)

    def add(self, entry: OutboxEntry) -> None:
        """Store a message, and send it."""
        self._store.keep_entry(entry)
        self._entries[entry.cid] = entry
        self._on_change(entry.conv)
        self._drain(entry.conv)

    def release(self, entries: Iterable[OutboxEntry]) -> None:
        """Send messages that were held."""
        for entry in entries:
            self._held.discard(entry.cid)
            self._drain(entry.conv)

    def retry(self, cid: str) -> None:
        """Send a failed message again."""
        self.add(self._entries[cid].changed(state="sending", code=0, text=""))

    def discard(self, cid: str) -> None:
        """Drop a message. If it is in flight, it may still be stored."""
        entry = self._entries.pop(cid)
        self._store.drop_entry(cid)
        self._fewer.set()
        self._on_change(entry.conv)

    def resume(self) -> None:
        """Send what waits: there is a new connection."""
        for conv in {entry.conv for entry in self._entries.values()}:
            self._drain(conv)

    async def settle(self) -> None:
        """Wait until every message is stored or failed."""
        while any(entry.state == "sending" for entry in self._entries.values()):
            self._fewer.clear()
            await self._fewer.wait()

    async def close(self) -> None:
        """Stop sending; what waits is kept."""
        tasks = list(self._draining.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._draining.clear()  # of those that were cancelled before they began

    def _drain(self, conv: str) -> None:
        if conv not in self._draining:
            self._draining[conv] = asyncio.create_task(self._send_all(conv))

    async def _send_all(self, conv: str) -> None:
        try:
            await self._send_waiting(conv)
        finally:
            del self._draining[conv]  # at once, so that the next message starts a new task

    async def _send_waiting(self, conv: str) -> None:
        failures = 0
        while (entry := self._next(conv)) is not None:
            try:
                answer = await self._request("send", _draft(entry))
            except Lost:
                return  # the next connection resumes
            except YolkError as error:
                if error.temporary:
                    failures += 1
                    await asyncio.sleep(self._backoff.delay(failures))
                    continue
                self._fail(entry, error)
            else:
                self._take_answer(entry, answer)
            failures = 0

    def _next(self, conv: str) -> OutboxEntry | None:
        for entry in self._entries.values():
            if entry.conv == conv and entry.state == "sending":
                return None if entry.cid in self._held else entry
        return None

    def _fail(self, entry: OutboxEntry, error: YolkError) -> None:
        if entry.cid in self._entries:
            failed = entry.changed(state="failed", code=error.code, text=str(error))
            self._entries[entry.cid] = failed
            self._store.keep_entry(failed)
            self._fewer.set()
            self._on_change(entry.conv)

    def _take_answer(self, entry: OutboxEntry, answer: Any) -> None:
        if entry.cid in self._entries:
            self.discard(entry.cid)
        self._on_stored(entry, answer)


def _draft(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "cid": entry.cid,
        "to_id": entry.to_id,
        "chat_type": entry.chat_type,
        "type": entry.type,
        "data": entry.data,
        "options": entry.options,
    }
