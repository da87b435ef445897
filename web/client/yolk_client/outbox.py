"""
What was written and is not yet known to be stored.

A message stays here until the server answered for its cid. It goes out again after every new
connection, and after a restart of the program; the server knows the cid, so nothing is doubled.
One message of a conversation is under way at a time: that keeps the order when one must wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from yolk_client.errors import Lost, YolkError
from yolk_client.store import Store
from yolk_client.types import OutboxEntry

Request = Callable[[str, Any], Awaitable[Any]]


class Outbox:
    """
    Sends what one user wrote.

    Args:
        user_id: whose.
        store: keeps it.
        backoff: the shortest and the longest wait after a failure that is temporary, in seconds.
        request: asks the server.
        stored: told of each message that is stored, with the answer.
        changed: told of the conversation in which something changed.
    """

    def __init__(
        self,
        user_id: int,
        store: Store,
        backoff: tuple[float, float],
        *,
        request: Request,
        stored: Callable[[OutboxEntry, Any], None],
        changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._backoff = backoff
        self._request = request
        self._stored = stored
        self._changed = changed
        self._entries = {entry.cid: entry for entry in store.outbox(user_id)}
        self._held: set[str] = set()
        self._draining: dict[str, asyncio.Task[None]] = {}
        self._less = asyncio.Event()

    def entries(self, conv: str | None = None) -> list[OutboxEntry]:
        """Give what waits or failed, in the order in which it was written."""
        return [one for one in self._entries.values() if conv is None or one.conv == conv]

    def hold(self, entry: OutboxEntry) -> None:
        """Take an entry that somebody else keeps, and which waits for `release`."""
        self._entries[entry.cid] = entry
        self._held.add(entry.cid)
        self._changed(entry.conv)

    def add(self, entry: OutboxEntry) -> None:
        """Keep an entry, and send it."""
        self._store.keep_entry(entry)
        self._entries[entry.cid] = entry
        self._changed(entry.conv)
        self._drain(entry.conv)

    def release(self, entries: Iterable[OutboxEntry]) -> None:
        """Send entries that were kept."""
        for entry in entries:
            self._held.discard(entry.cid)
            self._drain(entry.conv)

    def retry(self, cid: str) -> None:
        """Send one that failed once more."""
        self.add(self._entries[cid].changed(state="sending", code=0, text=""))

    def discard(self, cid: str) -> None:
        """Give one up. If it is under way, it may arrive."""
        entry = self._entries.pop(cid)
        self._store.drop_entry(cid)
        self._less.set()
        self._changed(entry.conv)

    def resume(self) -> None:
        """Send what waits: there is a connection."""
        for conv in {entry.conv for entry in self._entries.values()}:
            self._drain(conv)

    async def settle(self) -> None:
        """Wait until nothing waits to be sent."""
        while any(entry.state == "sending" for entry in self._entries.values()):
            self._less.clear()
            await self._less.wait()

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
            del self._draining[conv]  # at once: what is written next begins anew

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
                    least, most = self._backoff
                    await asyncio.sleep(min(most, least * 2.0 ** min(failures, 30)))
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
            self._less.set()
            self._changed(entry.conv)

    def _take_answer(self, entry: OutboxEntry, answer: Any) -> None:
        if entry.cid in self._entries:
            self.discard(entry.cid)
        self._stored(entry, answer)


def _draft(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "cid": entry.cid,
        "to_id": entry.to_id,
        "chat_type": entry.chat_type,
        "type": entry.type,
        "data": entry.data,
        "options": entry.options,
    }
