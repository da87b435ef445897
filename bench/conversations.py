"""The cost of a list of many long conversations."""

from __future__ import annotations

import time
from statistics import median, quantiles

import uvloop

from bench.archive import USER, archive
from bench.client import Tally
from bench.errors import WrongAnswer
from bench.findings import Finding
from bench.servers import Services
from bench.talker import Http
from yolk.testing import Server

CONVERSATIONS = 500
MESSAGES = 2_000_000
"""In all conversations together."""
TIMES = 100
WARM_UP_REQUESTS = 10
"""Requests before the measurement."""
MILLISECONDS = 20.0
"""The goal."""

PATHS = {
    "the list": f"/chat/conversations?limit={CONVERSATIONS}",
    "the number of unread messages": "/chat/unread",
}


def conversations(services: Services, turns: int) -> list[Finding]:
    """
    Request the list, and the number of unread messages, again and again.

    Raises:
        WrongAnswer: conversations are missing in the list.
    """
    full = archive(services, CONVERSATIONS, MESSAGES)
    middle: dict[str, list[float]] = {name: [] for name in PATHS}
    slow: dict[str, list[float]] = {name: [] for name in PATHS}
    for turn in range(turns):
        full.rewind()
        with services.running("Yolk", {"DATABASE_URL": full.url}) as server:
            took = uvloop.run(_ask(server))
        for name, milliseconds in took.items():
            middle[name].append(median(milliseconds))
            slow[name].append(quantiles(milliseconds, n=100)[98])
        values = ", ".join(f"{name} {some[-1]:.2f}" for name, some in middle.items())
        print(f"{turn + 1}/{turns} {values} ms", flush=True)
    title = f"of {CONVERSATIONS} conversations with {MESSAGES:,} messages"
    return [
        finding
        for name in PATHS
        for finding in (
            Finding(f"{name} {title}, ms", middle[name], MILLISECONDS),
            Finding(f"{name} {title}, ms, p99", slow[name]),
        )
    ]


async def _ask(server: Server) -> dict[str, list[float]]:
    """Return the time of each answer, in milliseconds."""
    http = await Http.open(Tally(), server.port, server.token(id=USER))
    found: dict[str, list[float]] = {}
    for name, path in PATHS.items():
        took = []
        for _ in range(WARM_UP_REQUESTS + TIMES):
            began = time.perf_counter()
            body = await http.ask(http.get(path))
            took.append(1000 * (time.perf_counter() - began))
            listed = body.count(b'"read_seq":')
            if name == "the list" and listed != CONVERSATIONS:
                raise WrongAnswer(f"{listed} conversations came, not {CONVERSATIONS}")
        found[name] = took[WARM_UP_REQUESTS:]
    http.abort()
    return found
