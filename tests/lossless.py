"""A client that loses nothing, as `docs/connect-a-client.md` describes one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from yolk.testing import User


class Client:
    """
    One person's device: it comes back by itself, sends again, and pulls what it misses.

    Its conversations are such that it may see everything from the first entry on.

    Args:
        user: whose device.
        port: where it connects to; a network that fails may be in between.
    """

    def __init__(self, user: User, port: int) -> None:
        self.user = user
        self.held: dict[str, list[Any]] = {}
        """Conversation to what it has, from seq 1 and without a gap."""
        self.acknowledged: dict[str, Any] = {}
        """What it wrote, cid to the answer."""
        self.connections = 0
        self.repetitions = 0
        """How often a message that was sent again had been stored before."""
        self.failures: list[Any] = []
        """Answers that refused a message for good."""
        self._outbox: dict[str, dict[str, Any]] = {}
        self._url = f"ws://127.0.0.1:{port}/ws?token={user.token}"
        self._connection: ClientConnection | None = None
        self._pulling: set[str] = set()
        self._sending = asyncio.Lock()
        self._level = asyncio.Event()
        self._answered = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    # --- what a person does

    async def write(self, to_id: int, chat_type: str, text: str, in_flight: int = 1) -> None:
        """
        Write a message. It is sent until it is stored, and stored once.

        Args:
            to_id: a person or a group.
            chat_type: which.
            text: what. It has to be another one each time: it names the message, too.
            in_flight: wait until fewer than these are under way.
        """
        while len(self._outbox) >= in_flight:
            self._answered.clear()
            await self._answered.wait()
        async with self._sending:
            self._outbox[text] = {"to_id": to_id, "chat_type": chat_type, "data": text}
            await self._post(text)

    async def settle(self) -> None:
        """Wait until everything that was written is acknowledged."""
        while self._outbox:
            self._answered.clear()
            await self._answered.wait()

    async def sync(self) -> None:
        """Sync, once more and to the end."""
        self._level.clear()
        await self._ask_to_sync()
        await self._level.wait()

    # --- the connection

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError, EOFError, WebSocketException):
                await self._stay()
            await asyncio.sleep(0.01)

    async def _stay(self) -> None:
        options: dict[str, Any] = {"max_size": None, "ping_interval": None, "proxy": None}
        async with connect(self._url, close_timeout=0.1, **options) as connection:
            async for text in connection:
                await self._receive(connection, json.loads(text))

    async def _receive(self, connection: ClientConnection, frame: Any) -> None:
        request, kind = str(frame.get("id", "")), frame.get("type")
        if kind == "connected":
            await self._come_back(connection)
        elif kind == "message":
            await self._take(frame["data"])
        elif kind == "sync":
            await self._ask_to_sync()
        elif request in self._outbox:
            await self._note_answer(request, frame)
        elif request == "sync":
            await self._note_missed(frame["data"])
        elif request.startswith("pull "):
            await self._fill(request.removeprefix("pull "), frame["data"])

    async def _come_back(self, connection: ClientConnection) -> None:
        """Send what is not answered, in the order in which it was written; then catch up."""
        self.connections += 1
        self._pulling.clear()
        async with self._sending:
            self._connection = connection
            for cid in self._outbox:
                await self._post(cid)
        await self._ask_to_sync()

    async def _request(self, request: str, kind: str, data: Any) -> None:
        if self._connection is not None:
            # What is lost with the connection is asked again over the next one.
            with contextlib.suppress(ConnectionClosed):
                await self._connection.send(json.dumps({"id": request, "type": kind, "data": data}))

    async def _post(self, cid: str) -> None:
        await self._request(cid, "send", {"cid": cid, **self._outbox[cid]})

    async def _ask_to_sync(self) -> None:
        cursors = {conv: len(messages) for conv, messages in self.held.items()}
        await self._request("sync", "sync", {"cursors": cursors, "limit": 200})

    # --- what comes

    async def _note_answer(self, cid: str, frame: Any) -> None:
        if frame["msg"] != "ok":
            await self._note_failure(cid, frame)
            return
        draft, receipt = self._outbox.pop(cid), frame["data"]
        self.repetitions += receipt.pop("dup")
        self.acknowledged[cid] = receipt
        self._answered.set()
        await self._take({**draft, "cid": cid, "from_id": self.user.id, "type": "text", **receipt})

    async def _note_failure(self, cid: str, frame: Any) -> None:
        if not frame["temporary"]:
            self.failures.append(frame)
            del self._outbox[cid]
            self._answered.set()
        elif self._connection is not None:
            # The next connection sends it again, and what was written after it.
            await self._connection.close()

    async def _note_missed(self, answer: Any) -> None:
        for one in answer["conversations"]:
            for message in one["messages"]:
                await self._take(message)
        if answer["more"] or any(one["more"] for one in answer["conversations"]):
            await self._ask_to_sync()
        else:
            self._level.set()

    async def _take(self, message: Any) -> None:
        """Take a message that is next, pass over one that we have, pull what is between."""
        conv, place = message["conv"], message["seq"] - 1
        held = self.held.setdefault(conv, [])
        if place < len(held):
            assert held[place]["id"] == message["id"], (held[place], message)
        elif place == len(held):
            held.append(message)
        elif conv not in self._pulling:
            self._pulling.add(conv)
            await self._pull(conv)

    async def _pull(self, conv: str) -> None:
        after = len(self.held[conv])
        await self._request(f"pull {conv}", "pull", {"conv": conv, "after": after, "limit": 200})

    async def _fill(self, conv: str, page: Any) -> None:
        for message in page["messages"]:
            await self._take(message)
        if page["more"]:
            await self._pull(conv)
        else:
            self._pulling.discard(conv)
