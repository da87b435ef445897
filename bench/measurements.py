"""The measurements beside Egg. Each has a server in fresh processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from bench.client import Client, Tally, masked
from bench.errors import WrongAnswer
from bench.machine import Meter, resident_bytes
from bench.results import Figure, Sample
from yolk.testing import Server

WARM_UP = 1.0
DURATION = 3.0
SETTLING = 0.5
"""Seconds."""

CONNECTING = 64
"""Sockets that connect at a time."""

TEXT_BYTES = 128
BURST = 10

FIGURES = {
    "connect": Figure("authenticated connects a second", at_least=3),
    "memory": Figure("KiB an idle authenticated connection", at_most=0.6),
    "echo": Figure("echoes a second, 50 connections", at_least=1.6),
    "echo1": Figure("echoes a second, one connection"),
    "room": Figure("deliveries a second, room of 1,000, one by one", at_least=1.2),
    "bursts": Figure("deliveries a second, room of 1,000, bursts of 10", at_least=4),
    "rooms": Figure("deliveries a second, room of 10 beside 2,000 others", at_least=8),
}

Samples = dict[str, Sample]
"""The figures by name."""


class Load:
    """
    The load on one server.

    Args:
        server: the server.
        meter: reads its CPU time.
    """

    def __init__(self, server: Server, meter: Meter) -> None:
        self.tally = Tally()
        self.meter = meter
        self._server = server
        self._clients: list[Client] = []

    def addresses(self, path: str, users: Iterable[int]) -> list[str]:
        """Return the addresses with tokens by which *users* open sockets."""
        return [f"{path}?token={self._server.token(id=user)}" for user in users]

    async def open(self, addresses: list[str]) -> list[Client]:
        """Open sockets, `CONNECTING` at a time, and return when all have their greeting."""
        left = iter(addresses)
        opened: list[Client] = []

        async def work() -> None:
            for address in left:
                opened.append(await Client.open(self.tally, self._server.port, address))

        await asyncio.gather(*[work() for _ in range(CONNECTING)])
        self._clients += opened
        return opened

    def close_all(self) -> None:
        """Close all sockets."""
        for client in self._clients:
            client.abort()
        self._clients.clear()

    async def weigh(self, sockets: int) -> int:
        """
        Return the resident memory of the serving process, after a garbage collection.

        Raises:
            WrongAnswer: it does not serve that many *sockets*.
        """
        found = await self._server.get("/stats")
        await asyncio.sleep(SETTLING)
        self.tally.check()
        if found["sockets"] != sockets:
            raise WrongAnswer(f"the server has {found['sockets']} sockets, not {sockets}")
        return resident_bytes(found["pid"])

    async def count(self) -> Sample:
        """Warm up, then count messages for `DURATION`."""
        await asyncio.sleep(WARM_UP)
        before, messages = self.meter.read(), self.tally.messages
        await asyncio.sleep(DURATION)
        used, came = self.meter.read().since(before), self.tally.messages - messages
        self.tally.check()
        return Sample.of(came, used)


async def connect(load: Load) -> Samples:
    """
    Open 5,000 authenticated sockets, and measure the server's memory before and after.

    A socket counts when its user is registered: the greeting comes after the whole chain.
    """
    sockets = 5000
    await load.open(load.addresses("/ws", range(1, 501)))
    load.close_all()
    await asyncio.sleep(WARM_UP)
    addresses = load.addresses("/ws", range(1001, 1001 + sockets))

    empty = await load.weigh(0)
    before = load.meter.read()
    await load.open(addresses)
    used = load.meter.read().since(before)
    await asyncio.sleep(WARM_UP)
    full = await load.weigh(sockets)

    memory = Sample((full - empty) / sockets / 1024)
    return {"connect": Sample.of(sockets, used), "memory": memory}


async def echo(load: Load) -> Samples:
    """Measure 50 sockets that each send a text, wait for the echo, and send it again."""
    return {"echo": await _echo(load, 50)}


async def echo1(load: Load) -> Samples:
    """Measure the same with a single socket: the round-trip time."""
    return {"echo1": await _echo(load, 1)}


async def _echo(load: Load, sockets: int) -> Sample:
    (text,) = _texts(1)
    frame = masked(text)
    clients = await load.open(load.addresses("/echo", range(1, sockets + 1)))
    for client in clients:
        client.expect([text])
        client.answer_each(frame)
    sample = await load.count()
    for client in clients:
        client.answer_each(b"")
    return sample


async def room(load: Load) -> Samples:
    """Measure a member of a room of 1,000 who sends one text at a time, then ten at a time."""
    members = await load.open(load.addresses("/room/hall", range(1, 1001)))
    async with _sending(load, members, burst=1, in_flight=1):
        one_by_one = await load.count()
    async with _sending(load, members, burst=BURST, in_flight=2):
        in_bursts = await load.count()
    return {"room": one_by_one, "bursts": in_bursts}


async def rooms(load: Load) -> Samples:
    """Measure a member of a room of 10 who sends, while 2,000 others are in 200 other rooms."""
    members = await load.open(load.addresses("/room/mine", range(1, 11)))
    others = [
        address
        for number in range(200)
        for address in load.addresses(f"/room/{number}", range(11 + 10 * number, 21 + 10 * number))
    ]
    await load.open(others)
    async with _sending(load, members, burst=BURST, in_flight=2):
        return {"rooms": await load.count()}


@asynccontextmanager
async def _sending(
    load: Load, members: list[Client], burst: int, in_flight: int
) -> AsyncIterator[None]:
    """
    Send to a room during the block.

    Args:
        load: the owner of the sockets.
        members: the members of the room; the first sends, and receives its own texts too.
        burst: the number of texts that are sent at once.
        in_flight: the number of bursts in flight: the next is sent when the one before these has
            reached everyone.
    """
    texts = _texts(burst)
    for member in members:
        member.expect(texts)
    frames = b"".join(masked(text) for text in texts)
    whole = burst * len(members)
    start, sent, ending = load.tally.messages, 0, False

    async def send() -> None:
        nonlocal sent
        while not ending:
            members[0].send(frames)
            sent += 1
            await load.tally.reach(start + whole * (sent - in_flight + 1))

    task = asyncio.get_running_loop().create_task(send())
    try:
        yield
    finally:
        ending = True
        await task
    await load.tally.reach(start + whole * sent)


def _texts(number: int) -> list[str]:
    """Return different texts of `TEXT_BYTES`."""
    return [f"{n:<{TEXT_BYTES}}" for n in range(number)]


MEASUREMENTS: dict[str, Callable[[Load], Awaitable[Samples]]] = {
    measure.__name__: measure for measure in (connect, echo, echo1, room, rooms)
}


async def measure(name: str, server: Server, meter: Meter) -> Samples:
    """
    Take one measurement of one server.

    Raises:
        WrongAnswer: the server did something wrong.
    """
    load = Load(server, meter)
    try:
        return await MEASUREMENTS[name](load)
    finally:
        load.close_all()
