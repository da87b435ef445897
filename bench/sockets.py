"""What 10,000 sockets leave behind after they close: nothing, three times in a row."""

from __future__ import annotations

import asyncio
import resource
from typing import NamedTuple

import uvloop

from bench.errors import CannotMeasure, WrongAnswer
from bench.findings import Finding
from bench.machine import PROC, resident_bytes
from bench.measurements import Load
from bench.servers import Services
from yolk.testing import Server

SOCKETS = 10_000
ROUNDS = 3
FILES = SOCKETS + 500
SETTLING = 2.0
"""Seconds, until delayed work is done."""
ATTEMPTS = 300
"""How often the server is asked whether all sockets are closed, ten times a second."""
GROWTH = 2.0
"""MiB that the third round may leave beyond the first, because of the allocator."""
POOLED = 10
"""Database connections that the pools may have opened or closed meanwhile."""


class Holding(NamedTuple):
    """The resources of a server at a moment."""

    mib: float
    """Resident memory."""
    files: int
    tasks: int
    keys: int
    """In Redis."""


def sockets(services: Services, turns: int) -> list[Finding]:
    """
    Open and close `SOCKETS` sockets `ROUNDS` times, without collection of cyclic garbage.

    Args:
        services: the databases of the server.
        turns: the number of turns, each with a fresh server.

    Raises:
        CannotMeasure: the limit of open files is too low.
    """
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < FILES:
        raise CannotMeasure(f"{SOCKETS:,} sockets need {FILES:,} open files; raise ulimit -n.")
    rounds = []
    for turn in range(turns):
        with services.running("Yolk") as server:
            print(f"{turn + 1}/{turns} sockets", flush=True)
            rounds.append(uvloop.run(_rounds(services, server)))
    grown = [[after - before for after, before in zip(r[-1], r[0], strict=True)] for r in rounds]
    memory = [r[-1].mib - r[1].mib for r in rounds]
    return [
        Finding(f"MiB more after {ROUNDS} rounds of {SOCKETS:,} than after one", memory, GROWTH),
        *(
            Finding(f"{what} more after {ROUNDS} rounds than before", [g[at] for g in grown], limit)
            for at, what, limit in ((1, "files", POOLED), (2, "tasks", 0), (3, "keys in Redis", 0))
        ),
    ]


async def _rounds(services: Services, server: Server) -> list[Holding]:
    """Return the resources of the server before, and after each round."""
    load = Load(server, services.meter(server))
    addresses = load.addresses("/ws", range(1, SOCKETS + 1))
    # A few sockets first: they fill the pools, and load the modules that are loaded once.
    await load.open(addresses[:500])
    load.close_all()
    found = [await _hold(services, server, 0)]
    _show("before", found[0])
    for number in range(1, ROUNDS + 1):
        await load.open(addresses)
        _show(f"round {number}, open", await _hold(services, server, SOCKETS))
        load.close_all()
        found.append(await _hold(services, server, 0))
        _show(f"round {number}, closed", found[-1])
        load.tally.check()
    return found


async def _hold(services: Services, server: Server, number: int) -> Holding:
    """
    Wait until the server has *number* sockets, and return its resources a moment later.

    Raises:
        WrongAnswer: it does not reach that number.
    """
    for _ in range(ATTEMPTS):
        if (await server.get("/census"))["sockets"] == number:
            break
        await asyncio.sleep(0.1)
    else:
        raise WrongAnswer(f"the server does not come to {number} sockets")
    await asyncio.sleep(SETTLING)
    seen = await server.get("/census")
    pid = seen["pid"]
    files = len(list((PROC / str(pid) / "fd").iterdir()))
    return Holding(resident_bytes(pid) / 2**20, files, seen["tasks"], services.keys())


def _show(when: str, seen: Holding) -> None:
    print(
        f"  {when:16} {seen.mib:7.1f} MiB, {seen.files:6,} files, {seen.tasks:6,} tasks, "
        f"{seen.keys:6,} keys in Redis",
        flush=True,
    )
