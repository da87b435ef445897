"""What comes: of each conversation in the order of `seq`, each once, and none missing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from yolk_client.errors import Lost, YolkError
from yolk_client.store import Store
from yolk_client.types import Message, OutboxEntry

PAGE = 200
ROOM = 1000
"""Pushes that wait for the listeners; what comes beyond is pulled when they have time again."""
MOST_CURSORS = 5000
"""Conversations that one sync names at most."""
ACKNOWLEDGE_EVERY = 0.3
"""Seconds between two words on what arrived."""

Request = Callable[[str, Any], Awaitable[Any]]


class Inbox:
    """
    Hands out messages, and keeps for each conversation up to where.

    Args:
        user_id: whose.
        store: keeps the cursors.
        request: asks the server.
        hand_out: gives a message to the listeners, and answers with what they wrote meanwhile.
        sent: told that what they wrote was kept.
        emit: tells of anything else.
        delivered: tells the server how far one is in a conversation; None: it is told nothing.
        max_missed: after so many missed messages of one conversation there is a gap instead.
    """

    def __init__(  # noqa: PLR0913 - one each for what it tells, and whom
        self,
        user_id: int,
        store: Store,
        *,
        request: Request,
        hand_out: Callable[[Message], Awaitable[list[OutboxEntry]]],
        sent: Callable[[list[OutboxEntry]], None],
        emit: Callable[[str, Any], None],
        delivered: Callable[[str, int], None] | None,
        max_missed: int | None,
    ) -> None:
        self._user_id = user_id
        self._store = store
        self._request = request
        self._hand_out = hand_out
        self._sent = sent
        self._emit = emit
        self._delivered = delivered
        self._most = max_missed
        self._cursors = store.cursors(user_id)
        self._known: dict[str, int] = {}
        """The greatest seq that we heard of."""
        self._untouched: set[str] = set()
        """The conversations of which nothing came since we began with now."""
        self._doubtful: set[str] = set()
        """The conversations in which something may be missing."""
        self._queue: deque[Message] = deque()
        self._stale = False
        self._wake = asyncio.Event()
        self._arrived: dict[str, int] = {}
        self._acknowledging: asyncio.TimerHandle | None = None

    # --- what the connection says

    def push(self, message: Message) -> None:
        """Take what was pushed, or stored for us, when its turn comes."""
        self.heard(message.conv, message.seq)
        if len(self._queue) < ROOM:
            self._queue.append(message)

    def heard(self, conv: str, seq: int) -> None:
        """Take note that a conversation goes up to *seq*: what is missing is pulled."""
        self._known[conv] = max(seq, self._known.get(conv, 0))
        self._doubtful.add(conv)
        self._wake.set()

    def catch_up(self) -> None:
        """There is a new connection, or the server says that pushes may be missing: sync."""
        self._stale = True
        self._wake.set()

    # --- one after the other

    async def run(self) -> None:
        """Hand out what comes, until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    await self._work()
                except Lost:
                    self._stale = True  # the next connection wakes us
                except YolkError:
                    self._stale = True
                    await asyncio.sleep(1)
                    self._wake.set()
        finally:
            if self._acknowledging is not None:
                self._acknowledging.cancel()

    async def _work(self) -> None:
        while self._stale or self._queue or self._doubtful:
            if self._stale:
                await self._sync()
            elif self._queue:
                await self._take(self._queue.popleft())
            else:
                await self._fill(self._doubtful.pop())

    async def _sync(self) -> None:
        self._stale = False
        try:
            if self._cursors is None:
                await self._begin_with_now()
                return
            recent = list(self._cursors.items())[-MOST_CURSORS:]
            named = dict(recent)
            answer = await self._request("sync", {"cursors": named, "limit": PAGE})
            for one in answer["conversations"]:
                await self._take_missed(one, named.get(one["conv"]))
        except YolkError:
            self._stale = True
            raise
        self._emit("synced", {"conversations": answer["conversations"]})

    async def _begin_with_now(self) -> None:
        answer = await self._request("sync", {"cursors": {}, "limit": 1})
        self._cursors = {one["conv"]: one["last_seq"] for one in answer["conversations"]}
        self._untouched = set(self._cursors)
        self._store.begin(self._user_id, self._cursors)
        self._emit("synced", {"conversations": answer["conversations"]})

    async def _take_missed(self, one: Any, named: int | None) -> None:
        """Take what a sync says of one conversation; *named* is the cursor that it was given."""
        conv, messages = one["conv"], [Message.of(found) for found in one["messages"]]
        if one["gone"]:
            self._forget(conv)
            return
        self._known[conv] = max(one["last_seq"], self._known.get(conv, 0))
        cursor = self._cursor(conv)
        if cursor is None or named is None or self._is_too_much(conv, cursor):
            await self._fill(conv)
            return
        for message in messages:
            # What the server left out before it was never for us.
            await self._keep(message)
        if not one["more"]:
            self._move(conv, one["last_seq"])
        await self._fill(conv)

    async def _take(self, message: Message) -> None:
        """Take a message that is next, pass over one that we have, pull what is between."""
        cursor = self._cursor(message.conv)
        if message.conv in self._untouched:
            # Pushed since we are connected, so it is new, whether or not the first sync saw it.
            self._untouched.remove(message.conv)
            if cursor is not None and message.seq <= cursor:
                self.heard(message.conv, cursor)
                self._place(message.conv, message.seq - 1)
                cursor = message.seq - 1
        if cursor is None and (message.seq == 1 or self._is_my_coming(message)):
            cursor = message.seq - 1
        if cursor is not None and message.seq == cursor + 1:
            await self._keep(message)
        elif cursor is None or message.seq > cursor:
            await self._fill(message.conv)

    async def _fill(self, conv: str) -> None:
        """Pull what lies between the cursor and what we heard of."""
        try:
            while (cursor := self._cursor(conv)) is None or cursor < self._known.get(conv, 0):
                if cursor is None:
                    await self._begin(conv)
                    continue
                if self._is_too_much(conv, cursor):
                    self._skip(conv)
                    return
                known = self._known[conv]
                asked = {"conv": conv, "after": cursor, "limit": PAGE}
                page = await self._request("pull", asked)
                for found in page["messages"]:
                    await self._keep(Message.of(found))
                if not page["more"]:
                    self._move(conv, known)
        except YolkError as error:
            if error.temporary:
                raise
            self._forget(conv)  # we are not in it any more

    async def _begin(self, conv: str) -> None:
        """Hand out a conversation that is new to us, from where it began or we came."""
        found: list[Message] = []
        more = True
        asked: dict[str, Any] = {"conv": conv, "limit": PAGE}
        while more:
            page = await self._request("pull", asked)
            more = page["more"]
            for message in map(Message.of, reversed(page["messages"])):
                found.append(message)
                asked["before"] = message.seq
                if self._is_my_coming(message):
                    more = False
                    break
            if self._most is not None and len(found) > self._most:
                self._skip(conv)
                return
        self._known[conv] = max(self._known.get(conv, 0), found[0].seq if found else 0)
        for message in reversed(found):
            await self._keep(message)
        self._move(conv, self._known[conv] if not found else found[0].seq)

    def _is_my_coming(self, message: Message) -> bool:
        options = message.options or {}
        came = message.type == "notice" and options.get("event") == "joined"
        return came and self._user_id in options.get("users", ())

    def _is_my_going(self, message: Message) -> bool:
        options = message.options or {}
        if message.type != "notice":
            return False
        went = options.get("event") in ("left", "removed") and self._user_id in options.get(
            "users", ()
        )
        return went or options.get("event") == "dissolved"

    async def _keep(self, message: Message) -> None:
        """Hand out a message, then keep that we did, and what was written in answer to it."""
        conv, seq = message.conv, message.seq
        if seq <= (self._cursor(conv) or 0):
            return
        written = await self._hand_out(message)
        self._store.keep(self._user_id, conv, seq, written)
        self._place(conv, seq)
        self._sent(written)
        if message.from_id != self._user_id:
            self._acknowledge(conv, seq)
        if self._is_my_going(message):
            self._forget(conv)

    # --- cursors

    def _cursor(self, conv: str) -> int | None:
        return (self._cursors or {}).get(conv)

    def _place(self, conv: str, seq: int) -> None:
        if self._cursors is not None:
            self._cursors.pop(conv, None)  # the one that moved last stands last
            self._cursors[conv] = seq

    def _move(self, conv: str, seq: int) -> None:
        """Move a cursor over what is not for us."""
        if seq > (self._cursor(conv) or 0) or self._cursor(conv) is None:
            self._store.keep(self._user_id, conv, seq, ())
            self._place(conv, seq)

    def _is_too_much(self, conv: str, cursor: int) -> bool:
        return self._most is not None and self._known.get(conv, 0) - cursor > self._most

    def _skip(self, conv: str) -> None:
        self._move(conv, self._known[conv])
        self._emit("gap", {"conv": conv, "seq": self._known[conv]})

    def _forget(self, conv: str) -> None:
        self._known.pop(conv, None)
        self._store.forget(self._user_id, conv)
        if self._cursors is not None and self._cursors.pop(conv, None) is not None:
            self._emit("gone", {"conv": conv})

    def _acknowledge(self, conv: str, seq: int) -> None:
        """Say now and then, rather than for every message, what arrived."""
        if self._delivered is None:
            return
        self._arrived[conv] = seq
        if self._acknowledging is None:
            loop = asyncio.get_running_loop()
            self._acknowledging = loop.call_later(ACKNOWLEDGE_EVERY, self._say_delivered)

    def _say_delivered(self) -> None:
        self._acknowledging = None
        arrived, self._arrived = self._arrived, {}
        for conv, seq in arrived.items():
            if self._delivered is not None:
                self._delivered(conv, seq)
