"""The cost of a page in a short history and in one a thousand times as long."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import msgspec
import uvloop

from bench.archive import USER, Archive, archive
from bench.client import TIMEOUT, Tally, masked
from bench.errors import WrongAnswer
from bench.findings import Finding
from bench.servers import Services
from bench.talker import Http, Talker
from yolk.testing import Server

FEW, MANY = 10_000, 10_000_000
"""Messages, in all conversations."""
CONVERSATIONS = 50
PAGE = 50
EACH = 20
"""Messages of each conversation in a sync."""
WAITING = 100
"""Messages in one answer of getmessage, while all messages are undelivered."""
TIMES = 40
"""Requests of each kind, after some that do not count."""
WARM_UP_REQUESTS = 5
GROWTH = 2.0
"""The largest allowed ratio of the times in the long and the short history."""

Ask = Callable[[], Awaitable[tuple[float, int]]]
"""Sends one request, and returns the seconds until the answer and its number of messages."""


class Asker(Talker):
    """A socket that sends one request at a time."""

    _waiting: asyncio.Future[bytes] | None = None

    async def ask(self, kind: str, data: dict[str, Any]) -> bytes:
        """
        Send a request, and return the answer.

        Raises:
            WrongAnswer: the answer is not `ok`, or does not arrive.
        """
        frame = masked(msgspec.json.encode({"id": 1, "type": kind, "data": data}).decode())
        self._waiting = asyncio.get_running_loop().create_future()
        self.send(frame)
        async with asyncio.timeout(TIMEOUT):
            answer = await self._waiting
        if b'"msg":"ok"' not in answer[:64]:
            raise WrongAnswer(f"{kind} is not answered: {answer[:500]!r}")
        return answer

    def took(self, payload: bytes) -> None:
        """Take the answer, and ignore pushes."""
        if self._waiting is not None and payload.startswith(b'{"id":1,'):
            self._waiting.set_result(payload)
            self._waiting = None


def history(services: Services, turns: int) -> list[Finding]:
    """
    Request the same pages of both histories, by turns.

    Raises:
        WrongAnswer: messages are missing in an answer.
    """
    archives = [archive(services, CONVERSATIONS, size) for size in (FEW, MANY)]
    taken: dict[str, tuple[list[float], list[float]]] = {}
    for turn in range(turns):
        for place, one in enumerate(archives):
            one.rewind()
            with services.running("Yolk", {"DATABASE_URL": one.url}) as server:
                found = uvloop.run(_read(server, one))
            for name, milliseconds in found.items():
                taken.setdefault(name, ([], []))[place].append(milliseconds)
            values = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
            print(f"{turn + 1}/{turns} {one.messages:,}: {values} ms", flush=True)
    findings = []
    for name, (few, many) in taken.items():
        ratios = [long / short for short, long in zip(few, many, strict=True)]
        findings += [
            Finding(f"{name}, ms with {FEW:,} messages", few),
            Finding(f"{name}, ms with {MANY:,} messages", many),
            Finding(f"{name}, how many times as long", ratios, GROWTH),
        ]
    return findings


async def _read(server: Server, pages: Archive) -> dict[str, float]:
    """Return the median of each request, in milliseconds."""
    found = {}
    async with _asking(server, pages) as asks:
        for name, (ask, expected) in asks.items():
            for _ in range(WARM_UP_REQUESTS):
                await ask()
            answers = [await ask() for _ in range(TIMES)]
            wrong = [messages for _, messages in answers if messages != expected]
            if wrong:
                raise WrongAnswer(f"{name}: {wrong[0]} messages came, not {expected}")
            found[name] = 1000 * median(seconds for seconds, _ in answers)
    return found


@asynccontextmanager
async def _asking(server: Server, pages: Archive) -> AsyncIterator[dict[str, tuple[Ask, int]]]:
    """Return the requests with the expected number of messages; always the same pages."""
    tally, chance = Tally(), random.Random(4)  # noqa: S311 - any will do
    token = server.token(id=USER)
    http = await Http.open(tally, server.port, token)
    socket = await Asker.open(tally, server.port, f"/ws?token={token}")

    def somewhere() -> tuple[str, int]:
        number = chance.randrange(pages.conversations)
        return pages.conv(number), chance.randrange(PAGE + 1, pages.length)

    async def newest() -> tuple[float, int]:
        conv, _ = somewhere()
        return await _timed(http.ask(http.get(f"/chat/history?conv={conv}&limit={PAGE}")))

    async def older() -> tuple[float, int]:
        conv, seq = somewhere()
        path = f"/chat/history?conv={conv}&before={seq}&limit={PAGE}"
        return await _timed(http.ask(http.get(path)))

    async def sync_new() -> tuple[float, int]:
        return await _timed(socket.ask("sync", {"cursors": {}, "limit": EACH}))

    async def sync_behind() -> tuple[float, int]:
        cursors = {pages.conv(number): somewhere()[1] // 2 for number in range(CONVERSATIONS)}
        return await _timed(socket.ask("sync", {"cursors": cursors, "limit": EACH}))

    async def waiting() -> tuple[float, int]:
        return await _timed(http.ask(http.post("/chat/getmessage", b'{"limit":%d}' % WAITING)))

    everything = CONVERSATIONS * EACH
    yield {
        f"the newest {PAGE} of a conversation": (newest, PAGE),
        f"{PAGE} out of its middle": (older, PAGE),
        f"sync, the newest {EACH} of {CONVERSATIONS} conversations": (sync_new, everything),
        f"sync, {EACH} of each after a cursor far back": (sync_behind, everything),
        f"getmessage, {WAITING} of all that there are": (waiting, WAITING),
    }
    socket.abort()
    http.abort()


async def _timed(answer: Awaitable[bytes]) -> tuple[float, int]:
    began = time.perf_counter()
    body = await answer
    return time.perf_counter() - began, body.count(b'"create_time":')
