"""The latency of a message from one user to another, at a steady 2,000 a second."""

from __future__ import annotations

import asyncio
import time
from statistics import quantiles

import uvloop

from bench.client import Tally
from bench.databases import Database, Sqlite, add_users
from bench.findings import Finding
from bench.measurements import TEXT_BYTES, WARM_UP
from bench.sends import RECEIPT
from bench.servers import Services
from bench.talker import Talker, masked_fast
from yolk.testing import Server

RATE = 2000
"""Messages a second."""
PAIRS = 50
SECONDS = 10
P99 = 10.0
"""The goal, in milliseconds."""

TICK = 0.001
"""Seconds: the resolution of uvloop's timers."""


class Schedule:
    """
    When each message is due, and how long it took.

    A late message is timed from when it was due: else a server that stalls would stop the clock
    that measures it.
    """

    def __init__(self, rate: int) -> None:
        self.start = time.perf_counter() + 0.1
        self.rate = rate
        """Messages a second."""
        self.took: list[float] = []
        """Seconds from the planned time to the arrival of each counted message."""
        self.late: list[float] = []
        """Seconds from the planned time to the sending: the load driver's own part."""

    def due(self) -> int:
        """Return how many messages are due by now."""
        return int((time.perf_counter() - self.start) * self.rate) + 1

    def since(self, number: int) -> float:
        """Return how many seconds ago a message was due."""
        return time.perf_counter() - self.start - number / self.rate

    def counts(self, number: int) -> bool:
        """Return whether a message is after the warm-up."""
        return number >= WARM_UP * self.rate


class Author(Talker):
    """A user who sends messages when they are due."""

    def took(self, payload: bytes) -> None:
        """Count the answer, which must be `ok`."""
        if b'"msg":"ok"' in payload[:64]:
            self._tally.add(1)
        elif not payload.startswith(RECEIPT):
            self.fail(f"not ok: {payload[:200]!r}")


class Reader(Talker):
    """A user who receives the messages."""

    schedule: Schedule

    def took(self, payload: bytes) -> None:
        """Store how long the message took."""
        if payload.startswith(RECEIPT):
            return
        at = payload.index(MARK) + len(MARK)
        number = int(payload[at : at + DIGITS])
        if self.schedule.counts(number):
            self.schedule.took.append(self.schedule.since(number))
        self._tally.add(1)


def latency(services: Services, turns: int) -> list[Finding]:
    """
    Send at a fixed rate on SQLite, whatever the server does.

    Raises:
        WrongAnswer: a message was refused, or did not arrive.
    """
    database = Sqlite(services.folder / "measured.sqlite3")
    p50, p99, most, late = [], [], [], []
    for turn in range(turns):
        schedule = _turn(services, database)
        took = quantiles((1000 * one for one in schedule.took), n=100)
        p50.append(took[49])
        p99.append(took[98])
        most.append(1000 * max(schedule.took))
        late.append(1000 * quantiles(schedule.late, n=100)[98])
        print(f"{turn + 1}/{turns} p50 {p50[-1]:.2f}, p99 {p99[-1]:.2f} ms", flush=True)
    title = f"ms from send to push at {RATE:,} a second, SQLite"
    return [
        Finding(f"{title}, p50", p50),
        Finding(f"{title}, p99", p99, P99),
        Finding(f"{title}, the slowest", most),
        Finding("ms of these that the load driver was late, p99", late),
    ]


def _turn(services: Services, database: Database) -> Schedule:
    with services.running("Yolk", {"DATABASE_URL": database.new()}) as server:
        add_users(database)
        return uvloop.run(paced(server, RATE))


async def paced(server: Server, rate: int) -> Schedule:
    """Send messages at a rate from 50 users to 50 others, and return the times."""
    answered, arrived = Tally(), Tally()
    path = "/ws?token="
    authors = await asyncio.gather(
        *[
            Author.open(answered, server.port, path + server.token(id=user))
            for user in range(1, PAIRS + 1)
        ]
    )
    readers = await asyncio.gather(
        *[
            Reader.open(arrived, server.port, path + server.token(id=PAIRS + user))
            for user in range(1, PAIRS + 1)
        ]
    )
    schedule = Schedule(rate)
    for reader in readers:
        reader.schedule = schedule
    whole = int(rate * (WARM_UP + SECONDS))
    sent = 0
    while sent < whole:
        for number in range(sent, min(schedule.due(), whole)):
            place = number % PAIRS
            authors[place].send(_frame(number, PAIRS + place + 1))
            if schedule.counts(number):
                schedule.late.append(schedule.since(number))
            sent += 1
        await asyncio.sleep(TICK)
    await answered.reach(whole)
    await arrived.reach(whole)
    for talker in (*authors, *readers):
        talker.abort()
    return schedule


MARK = b"no. "
DIGITS = 9


def _frame(number: int, to_id: int) -> bytes:
    text = b"%b%0*d" % (MARK, DIGITS, number)
    return masked_fast(
        b'{"id":%d,"type":"send","data":{"to_id":%d,"cid":"%d","type":"text","data":"%b"}}'
        % (number, to_id, number, text.ljust(TEXT_BYTES, b"x"))
    )
