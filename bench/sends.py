"""Durable sends: over sockets and over HTTP, on each database, beside Egg's `POST /chat/send`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvloop

from bench.client import Tally
from bench.databases import Database, add_users, databases
from bench.errors import WrongAnswer
from bench.machine import Meter
from bench.measurements import TEXT_BYTES, Load
from bench.results import Comparison, Figure, Sample
from bench.servers import Services
from bench.talker import Http, Talker, masked_fast
from yolk.testing import Server

SENDERS = 50
IN_FLIGHT = 10
POSTERS = 16
WARMING = 2.0
"""Seconds before the usual warm-up, in which Node compiles the hot functions."""
PARSED_EVERY = 50
"""One in so many answers is parsed; of the others only the id and the `ok` are checked."""

FIRST = 100_000_000
"""The first number of a sender's messages: all have nine digits, so all frames are equally long."""

WANTED = {
    ("SQLite", "sockets"): 20.0,
    ("PostgreSQL", "sockets"): 15.0,
    ("SQLite", "POST"): 5.0,
    ("PostgreSQL", "POST"): 5.0,
}
"""The goals, as ratios to Egg's POST."""

RECEIPT = b'{"type":"receipt"'
"""The start of a receipt, which is pushed to the sender for many messages at once."""

Way = Callable[[Load, Server], Awaitable[tuple[Sample, int]]]
"""A way to send: returns the sample, and the number of acknowledged messages."""


class Sender(Talker):
    """A user who always has messages in flight, and receives those of another user."""

    to_id: int
    pushes: Tally
    sent = 0
    _answered = 0
    _last_seq = 0
    _stopping = False

    def begin(self, to_id: int, pushes: Tally) -> None:
        """
        Send the first messages; after that, each answer triggers the next one.

        Args:
            to_id: the recipient.
            pushes: counts the messages to this user.
        """
        self.to_id, self.pushes = to_id, pushes
        self._send(IN_FLIGHT)

    def stop(self) -> None:
        """Stop sending."""
        self._stopping = True

    def data_received(self, data: bytes) -> None:
        """Send as many messages as have been answered, in one write."""
        before = self._answered
        super().data_received(data)
        if self._answered > before and not self._stopping:
            self._send(self._answered - before)

    def took(self, payload: bytes) -> None:
        """Take a push, or an answer, which must be the next one and `ok`."""
        if payload.startswith(b'{"type":"message"'):
            self.pushes.add(1)
        elif payload.startswith(b'{"id":%d,"msg":"ok"' % (FIRST + self._answered)):
            self._answered += 1
            self._tally.add(1)
            if self._answered % PARSED_EVERY == 0:
                self._look(msgspec.json.decode(payload)["data"])
        elif not payload.startswith(RECEIPT):
            self.fail(f"not the answer to message {self._answered}: {payload[:200]!r}")

    def _send(self, messages: int) -> None:
        numbers = range(FIRST + self.sent, FIRST + self.sent + messages)
        self.sent += messages
        self.send(b"".join(masked_fast(_request(self.to_id, number)) for number in numbers))

    def _look(self, answer: dict[str, Any]) -> None:
        if answer["dup"] or answer["seq"] <= self._last_seq:
            self.fail(f"after seq {self._last_seq} came {answer}")
        self._last_seq = answer["seq"]


class Poster(Http):
    """A user who sends over HTTP, one message after the other."""

    to_id: int
    sent = 0
    _stopping = False

    def begin(self, to_id: int) -> None:
        """Send the first message to *to_id*."""
        self.to_id = to_id
        self._send()

    def stop(self) -> None:
        """Stop sending."""
        self._stopping = True

    def took(self, _: bytes) -> None:
        """Count an `ok` answer, and send the next message."""
        self.tally.add(1)
        if not self._stopping:
            self._send()

    def _send(self) -> None:
        self.send(self.post("/chat/send", _message(self.to_id, FIRST + self.sent)))
        self.sent += 1


class Listener(Talker):
    """A user who is online, and receives messages."""

    def took(self, payload: bytes) -> None:
        """Count a push of Yolk or of Egg."""
        if payload.startswith((b'{"type":"message"', b'{"msg":"ok"')):
            self._tally.add(1)
        elif not payload.startswith(RECEIPT):
            self.fail(f"not a message: {payload[:200]!r}")


def sends(services: Services, turns: int) -> list[Comparison]:
    """
    Take all figures by turns: Egg's, then Yolk's on each database.

    Raises:
        WrongAnswer: a message was not acknowledged, or is not stored.
    """
    egg: list[Sample] = []
    yolk: dict[tuple[str, str], list[Sample]] = {}
    with databases(services.folder, services.postgres) as found:
        for turn in range(turns):
            egg.append(_egg(services))
            print(f"{turn + 1}/{turns} Egg  POST {egg[-1].value:,.0f}", flush=True)
            for database in found:
                for name, way in WAYS.items():
                    sample = _yolk(services, database, way)
                    yolk.setdefault((database.title, name), []).append(sample)
                    title = f"{name}, {database.title}"
                    print(f"{turn + 1}/{turns} Yolk {title} {sample.value:,.0f}", flush=True)
    return [
        Comparison(
            Figure(f"durable sends a second, {name}, {title}", WANTED.get((title, name))),
            egg,
            samples,
        )
        for (title, name), samples in yolk.items()
    ]


def _egg(services: Services) -> Sample:
    with services.running("Egg") as server:
        sample, _ = uvloop.run(_loaded(over_http, server, services.meter(server)))
        return sample


def _yolk(services: Services, database: Database, way: Way) -> Sample:
    """Measure, kill the server, and check that the database has every acknowledged message."""
    with services.running("Yolk", {"DATABASE_URL": database.new()}) as server:
        add_users(database)
        meter = services.meter(server, *database.pids)
        sample, acknowledged = uvloop.run(_loaded(way, server, meter))
    _check(database, acknowledged)
    return sample


async def _loaded(way: Way, server: Server, meter: Meter) -> tuple[Sample, int]:
    return await way(Load(server, meter), server)


async def over_sockets(load: Load, server: Server) -> tuple[Sample, int]:
    """Measure users who send in a ring, each to the next, who is online."""
    users = range(1, SENDERS + 1)
    addresses = load.addresses("/ws", users)
    senders = await asyncio.gather(
        *[Sender.open(load.tally, server.port, address) for address in addresses]
    )
    pushes = Tally()
    for user, sender in zip(users, senders, strict=True):
        sender.begin(user % SENDERS + 1, pushes)
    sample = await _count(load)
    sent = await _finish(senders, load.tally, pushes)
    return sample, sent


async def over_http(load: Load, server: Server) -> tuple[Sample, int]:
    """Measure users who send over HTTP to as many others, who are online."""
    pushes = Tally()
    addresses = load.addresses("/ws", range(1, POSTERS + 1))
    listeners = await asyncio.gather(
        *[Listener.open(pushes, server.port, address) for address in addresses]
    )
    posters = [
        await Poster.open(load.tally, server.port, server.token(id=POSTERS + to_id))
        for to_id in range(1, POSTERS + 1)
    ]
    for to_id, poster in enumerate(posters, start=1):
        poster.begin(to_id)
    sample = await _count(load)
    sent = await _finish(posters, load.tally, pushes)
    for listener in listeners:
        listener.abort()
    return sample, sent


WAYS: dict[str, Way] = {"sockets": over_sockets, "POST": over_http}


async def _count(load: Load) -> Sample:
    await asyncio.sleep(WARMING)
    return await load.count()


async def _finish(senders: list[Any], tally: Tally, pushes: Tally) -> int:
    """Wait until all messages in flight are answered and delivered, and return their number."""
    for sender in senders:
        sender.stop()
    sent: int = sum(sender.sent for sender in senders)
    await tally.reach(sent)
    await pushes.reach(sent)
    for sender in senders:
        sender.abort()
    if (tally.messages, pushes.messages) != (sent, sent):
        raise WrongAnswer(f"{sent} sent, {tally.messages} answered, {pushes.messages} pushed")
    return sent


def _check(database: Database, acknowledged: int) -> None:
    """Check that every acknowledged message is stored, without a gap in any conversation."""
    stored = database.run("SELECT count(*) FROM message")
    torn = database.run(
        "SELECT count(*) FROM (SELECT conv FROM message GROUP BY conv HAVING min(seq) <> 1 "
        "OR max(seq) <> count(*) OR count(DISTINCT seq) <> count(*)) torn"
    )
    astray = database.run(
        "SELECT count(*) FROM conversation c WHERE c.last_seq <> "
        "(SELECT max(seq) FROM message m WHERE m.conv = c.conv)"
    )
    if stored != acknowledged or torn or astray:
        raise WrongAnswer(
            f"{database.title}: {acknowledged} messages were acknowledged and {stored} are stored; "
            f"{torn} conversations have gaps, {astray} another end than they say"
        )


def _message(to_id: int, number: int) -> bytes:
    return (
        b'{"to_id":%d,"chat_type":"single","cid":"0190c0de-0000-7000-8000-%012d",'
        b'"type":"text","data":"%b"}'
    ) % (to_id, number, TEXT)


def _request(to_id: int, number: int) -> bytes:
    return b'{"id":%d,"type":"send","data":%b}' % (number, _message(to_id, number))


TEXT = b"x" * TEXT_BYTES
