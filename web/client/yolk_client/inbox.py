"""Incoming messages: of each conversation in the order of `seq`, each once, and none missing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from yolk_client.errors import Lost, YolkError
from yolk_client.store import Store
from yolk_client.types import Message, OutboxEntry

PAGE_SIZE = 200
MAX_QUEUED = 1000
"""Pushes that wait for the listeners; later ones are dropped, and pulled afterwards."""
MAX_CURSORS = 5000
"""Conversations in one sync."""

Request = Callable[[str, Any], Awaitable[Any]]


class Inbox:
    """
    The incoming messages of one user, with a cursor for each conversation.

    Args:
        user_id: the user.
        store: keeps the cursors.
        request: sends a request to the server.
        deliver: calls the listeners of a message, and returns what they sent.
        release: sends what the listeners sent, once it is stored.
        emit: emits another event.
        on_delivered: called with the conversation and the seq of a delivered message.
        max_missed: the number of missed messages of one conversation above which there is a gap.
    """

    def __init__(  # noqa: PLR0913 - one for each direction
        self,
        user_id: int,
        store: Store,
        *,
        request: Request,
        deliver: Callable[[Message], Awaitable[list[OutboxEntry]]],
        release: Callable[[list[OutboxEntry]], None],
        emit: Callable[[str, Any], None],
        on_delivered: Callable[[str, int], None],
        max_missed: int | None,
    ) -> None:
        self._user_id = user_id
        self._store = store
        self._request = request
        self._deliver = deliver
        self._release = release
        self._emit = emit
        self._on_delivered = on_delivered
        self._max_missed = max_missed
        self._cursors = store.cursors(user_id)
        self._known: dict[str, int] = {}
        """The greatest known seq of each conversation."""
        self._untouched: set[str] = set()
        """The conversations without a message since the first sync."""
        self._incomplete: set[str] = set()
        """The conversations in which messages may be missing."""
        self._queue: deque[Message] = deque()
        self._needs_sync = False
        self._wake = asyncio.Event()

    # --- what the connection reports

    def push(self, message: Message) -> None:
        """Queue a pushed or just stored message."""
        self.note_seq(message.conv, message.seq)
        if len(self._queue) < MAX_QUEUED:
            self._queue.append(message)

    def note_seq(self, conv: str, seq: int) -> None:
        """Note that a conversation goes up to *seq*: missing messages are pulled."""
        self._known[conv] = max(seq, self._known.get(conv, 0))
        self._incomplete.add(conv)
        self._wake.set()

    def catch_up(self) -> None:
        """Sync: there is a new connection, or the server reports that pushes may be missing."""
        self._needs_sync = True
        self._wake.set()

    # --- delivering, one message after the other

    async def run(self) -> None:
        """Deliver messages until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._work()
            except Lost:
                self._needs_sync = True  # `catch_up` is called at the next connection
            except YolkError:
                self._needs_sync = True
                await asyncio.sleep(1)
                self._wake.set()

    async def _work(self) -> None:
        while self._needs_sync or self._queue or self._incomplete:
            if self._needs_sync:
                await self._sync()
            elif self._queue:
                await self._receive(self._queue.popleft())
            else:
                await self._fill(self._incomplete.pop())

    async def _sync(self) -> None:
        self._needs_sync = False
        try:
            if self._cursors is None:
                await self._start_from_now()
                return
            recent = list(self._cursors.items())[-MAX_CURSORS:]
            named = dict(recent)
            conversations = await self._request_sync(named, PAGE_SIZE)
            for one in conversations:
                await self._deliver_missed(one, named.get(one["conv"]))
        except YolkError:
            self._needs_sync = True
            raise
        self._emit("synced", {"conversations": conversations})

    async def _request_sync(self, cursors: dict[str, int], limit: int) -> list[Any]:
        """Return what was missed in all conversations, which come in pages."""
        conversations: list[Any] = []
        asked: dict[str, Any] = {"cursors": cursors, "limit": limit}
        while True:
            answer = await self._request("sync", asked)
            conversations += answer["conversations"]
            if not answer.get("next"):
                return conversations
            asked["page"] = answer["next"]

    async def _start_from_now(self) -> None:
        conversations = await self._request_sync({}, 1)
        self._cursors = {one["conv"]: one["last_seq"] for one in conversations}
        self._untouched = set(self._cursors)
        self._store.begin(self._user_id, self._cursors)
        self._emit("synced", {"conversations": conversations})

    async def _deliver_missed(self, one: Any, named: int | None) -> None:
        """Deliver what a sync returned for one conversation; *named* is the cursor it was given."""
        conv, messages = one["conv"], [Message.of(found) for found in one["messages"]]
        if one["gone"]:
            self._forget(conv)
            return
        self._known[conv] = max(one["last_seq"], self._known.get(conv, 0))
        cursor = self._cursor(conv)
        if cursor is None or named is None or self._is_gap_too_large(conv, cursor):
            await self._fill(conv)
            return
        for message in messages:
            # Entries that the server left out are not for this user.
            await self._deliver_and_store(message)
        if not one["more"]:
            self._move(conv, one["last_seq"])
        await self._fill(conv)

    async def _receive(self, message: Message) -> None:
        """Deliver the next message, ignore a known one, pull what is missing before it."""
        cursor = self._cursor(message.conv)
        if message.conv in self._untouched:
            # It was pushed after the connection, so it is new, even if the first sync counted it.
            self._untouched.remove(message.conv)
            if cursor is not None and message.seq <= cursor:
                self.note_seq(message.conv, cursor)
                self._set_cursor(message.conv, message.seq - 1)
                cursor = message.seq - 1
        if cursor is None and (message.seq == 1 or self._is_own_join(message)):
            cursor = message.seq - 1
        if cursor is not None and message.seq == cursor + 1:
            await self._deliver_and_store(message)
        elif cursor is None or message.seq > cursor:
            await self._fill(message.conv)

    async def _fill(self, conv: str) -> None:
        """Pull what is between the cursor and the greatest known seq."""
        try:
            while (cursor := self._cursor(conv)) is None or cursor < self._known.get(conv, 0):
                if cursor is None:
                    await self._deliver_new(conv)
                    continue
                if self._is_gap_too_large(conv, cursor):
                    self._skip(conv)
                    return
                known = self._known[conv]
                parameters = {"conv": conv, "after": cursor, "limit": PAGE_SIZE}
                page = await self._request("pull", parameters)
                for found in page["messages"]:
                    await self._deliver_and_store(Message.of(found))
                if not page["more"]:
                    self._move(conv, known)
        except YolkError as error:
            if error.temporary:
                raise
            self._forget(conv)  # the user is no longer a member

    async def _deliver_new(self, conv: str) -> None:
        """Deliver a new conversation from its first message, or from when the user joined."""
        found: list[Message] = []
        more = True
        parameters: dict[str, Any] = {"conv": conv, "limit": PAGE_SIZE}
        while more:
            page = await self._request("pull", parameters)
            more = page["more"]
            for message in map(Message.of, reversed(page["messages"])):
                found.append(message)
                parameters["before"] = message.seq
                if self._is_own_join(message):
                    more = False
                    break
            if self._max_missed is not None and len(found) > self._max_missed:
                self._skip(conv)
                return
        self._known[conv] = max(self._known.get(conv, 0), found[0].seq if found else 0)
        for message in reversed(found):
            await self._deliver_and_store(message)
        self._move(conv, self._known[conv] if not found else found[0].seq)

    def _is_own_join(self, message: Message) -> bool:
        options = message.options or {}
        is_join = message.type == "notice" and options.get("event") == "joined"
        return is_join and self._user_id in options.get("users", ())

    def _is_own_leave(self, message: Message) -> bool:
        options = message.options or {}
        if message.type != "notice":
            return False
        is_exit = options.get("event") in ("left", "removed") and self._user_id in options.get(
            "users", ()
        )
        return is_exit or options.get("event") == "dissolved"

    async def _deliver_and_store(self, message: Message) -> None:
        """Deliver a message, then store its cursor together with the answers to it."""
        conv, seq = message.conv, message.seq
        if seq <= (self._cursor(conv) or 0):
            return
        written = await self._deliver(message)
        self._store.keep(self._user_id, conv, seq, written)
        self._set_cursor(conv, seq)
        self._release(written)
        if message.from_id != self._user_id:
            self._on_delivered(conv, seq)
        if self._is_own_leave(message):
            self._forget(conv)

    # --- cursors

    def _cursor(self, conv: str) -> int | None:
        return (self._cursors or {}).get(conv)

    def _set_cursor(self, conv: str, seq: int) -> None:
        if self._cursors is not None:
            self._cursors.pop(conv, None)  # the latest is last
            self._cursors[conv] = seq

    def _move(self, conv: str, seq: int) -> None:
        """Move a cursor over entries that are not for this user."""
        if seq > (self._cursor(conv) or 0) or self._cursor(conv) is None:
            self._store.keep(self._user_id, conv, seq, ())
            self._set_cursor(conv, seq)

    def _is_gap_too_large(self, conv: str, cursor: int) -> bool:
        return self._max_missed is not None and self._known.get(conv, 0) - cursor > self._max_missed

    def _skip(self, conv: str) -> None:
        self._move(conv, self._known[conv])
        self._emit("gap", {"conv": conv, "seq": self._known[conv]})

    def _forget(self, conv: str) -> None:
        self._known.pop(conv, None)
        self._store.forget(self._user_id, conv)
        if self._cursors is not None and self._cursors.pop(conv, None) is not None:
            self._emit("gone", {"conv": conv})
