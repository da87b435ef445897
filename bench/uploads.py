"""The latency of messages beside 50 uploads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles

import uvloop

from bench.databases import Sqlite, add_users
from bench.findings import Finding
from bench.latency import paced
from bench.servers import ROOT, Services
from yolk.testing import Server

RATE = 500
"""Messages a second."""
UPLOADS = 50
FILE = 20
"""MiB of each; a new upload begins when the last one is complete."""
UPLOADER = 9_999
"""The user who uploads."""
RATIO = 2.0
"""The largest allowed ratio of the latencies."""


def uploads(services: Services, turns: int) -> list[Finding]:
    """
    Send at a fixed rate on SQLite, first alone and then beside uploads.

    Raises:
        WrongAnswer: a message was refused, or did not arrive.
    """
    database = Sqlite(services.folder / "measured.sqlite3")
    alone, beside, ratios, rates = [], [], [], []
    for turn in range(turns):
        with _fresh(services, database) as server:
            alone.append(_p99(server))
        with _fresh(services, database) as server, _uploader(server) as uploader:
            beside.append(_p99(server))
            rates.append(float(uploader.communicate("stop\n")[0]))
        ratios.append(beside[-1] / alone[-1])
        print(
            f"{turn + 1}/{turns} p99 {alone[-1]:.2f} ms alone, {beside[-1]:.2f} ms beside "
            f"{rates[-1]:.0f} MiB/s",
            flush=True,
        )
    title = f"ms from send to push at {RATE:,} a second, SQLite, p99"
    return [
        Finding(title, alone),
        Finding(f"{title}, beside {UPLOADS} uploads", beside),
        Finding("the same, in times as long", ratios, RATIO),
        Finding("MiB a second that came in meanwhile", rates),
    ]


@contextmanager
def _fresh(services: Services, database: Sqlite) -> Iterator[Server]:
    with services.running("Yolk", {"DATABASE_URL": database.new()}) as server:
        add_users(database)
        yield server


@contextmanager
def _uploader(server: Server) -> Iterator[subprocess.Popen[str]]:
    # The driver of the messages has priority on the CPU that the two share.
    command = ["nice", "-n", "10", sys.executable, "-m", "bench.uploader", str(server.port)]
    with subprocess.Popen(
        [*command, server.token(id=UPLOADER), str(UPLOADS), str(FILE)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def _p99(server: Server) -> float:
    schedule = uvloop.run(paced(server, RATE))
    return quantiles((1000 * one for one in schedule.took), n=100)[98]
