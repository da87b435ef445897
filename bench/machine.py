"""The machine: which CPU does what, and what the kernel reports about it (proc(5))."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.errors import CannotMeasure

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


class Cpus(NamedTuple):
    """Which CPU runs what."""

    server: int
    load: int
    """The load driver, PostgreSQL and Valkey."""


def prepare() -> Cpus:
    """
    Move this process and its children to the second CPU; the first is for the server.

    Raises:
        CannotMeasure: the machine lacks something that the benchmark needs.
    """
    if sys.platform != "linux":
        raise CannotMeasure(
            "The benchmark needs Linux: it keeps the server on one CPU and reads /proc."
        )
    for program, package in {"taskset": "util-linux", "node": "Node.js", "npm": "npm"}.items():
        if shutil.which(program) is None:
            raise CannotMeasure(f"The benchmark needs {program}; install {package}.")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise CannotMeasure("The benchmark needs two CPUs: one for the server, one for the load.")
    cpus = Cpus(*allowed[:2])
    os.sched_setaffinity(0, {cpus.load})
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < 6000:
        raise CannotMeasure(f"The benchmark opens 6,000 files, and {files} are allowed (ulimit).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    return cpus


class Reading(NamedTuple):
    """CPU time used up to a moment, in seconds. The difference of two is that of a period."""

    wall: float
    server: float
    """CPU time of the server's processes, user and system."""
    driver: float
    """CPU time of the load driver."""
    databases: float
    """CPU time of PostgreSQL and Valkey."""
    server_cpu: float
    """How long the server's CPU was busy, with any process."""
    load_cpu: float
    """How long the load driver's CPU was busy."""

    def since(self, before: Reading) -> Reading:
        """Return what was used since *before*."""
        return Reading(*(now - then for now, then in zip(self, before, strict=True)))


class Meter:
    """
    A reader of the CPU time of a server, the databases and the load driver.

    Args:
        cpus: their CPUs.
        server: the server's main process.
        databases: the main processes of the databases.
    """

    def __init__(self, cpus: Cpus, server: int, databases: Collection[int]) -> None:
        self._cpus = cpus
        self._server = server
        self._databases = databases

    def read(self) -> Reading:
        """Return what was used up to now."""
        own, busy, parents = resource.getrusage(resource.RUSAGE_SELF), _busy(), _parents()
        return Reading(
            wall=time.perf_counter(),
            server=_cpu_seconds(_family({self._server}, parents)),
            driver=own.ru_utime + own.ru_stime,
            databases=_cpu_seconds(_family(self._databases, parents)),
            server_cpu=busy[self._cpus.server],
            load_cpu=busy[self._cpus.load],
        )


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def describe() -> str:
    """Return a description of the machine in one line."""
    text = (PROC / "cpuinfo").read_text(encoding="utf-8")
    models = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}"


def _parents() -> dict[int, int]:
    """Return the parent of every process."""
    return {int(path.name): int(_stat(int(path.name))[1]) for path in PROC.glob("[0-9]*")}


def _family(roots: Collection[int], parents: Mapping[int, int]) -> set[int]:
    """Return *roots* and all their descendants."""
    found, newest = set(roots), set(roots)
    while newest:
        newest = {child for child, parent in parents.items() if parent in newest} - found
        found |= newest
    return found


def _cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time of processes, user and system."""
    fields = [_stat(pid) for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS


def _stat(pid: int) -> list[str]:
    """Return the fields after a process's name, the state first; zeros if it has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


def _busy() -> dict[int, float]:
    """Return for each CPU the seconds in which it was busy; waiting for a disk counts as idle."""
    busy = {}
    for line in (PROC / "stat").read_text().splitlines():
        name, *times = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _wait, *others = map(int, times[:8])
            ticks = user + nice + system + sum(others)
            busy[int(name[3:])] = ticks / TICKS
    return busy
