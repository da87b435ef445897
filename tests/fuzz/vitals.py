"""The memory, descriptors and log of a running server."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from yolk.testing import Server

MEMORY = 64 * 1024
"""KiB by which processes may grow once they are warm: caches, and pages that are not returned."""
DESCRIPTORS = 16
"""By which the number may grow: connections of the pools to the database and to Redis."""
TROUBLE = re.compile(
    r"Traceback|Exception| ERROR:| CRITICAL:|Error:|never awaited|never retrieved"
    r"|\b(?:500|1011) \S+(?:\s+[\d.]+m?s)?\s*$"  # a line of the access log
)
WAIT = 30.0
"""Seconds within which closed connections are gone from the server."""


class Vitals:
    """The memory and descriptors of all processes of a server, since this object was made."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._processes = [*_family(server.pid)]
        self._descriptors = self.descriptors()
        self._memory = self.memory()
        self._read = len(server.output)

    def descriptors(self) -> int:
        """Return the number of open descriptors of all processes."""
        return sum(len([*(one / "fd").iterdir()]) for one in self._processes if one.exists())

    def memory(self) -> int:
        """Return the resident memory of all processes, in KiB."""
        found = 0
        for one in self._processes:
            with contextlib.suppress(OSError):
                match = re.search(r"VmRSS:\s+(\d+)", (one / "status").read_text())
                found += int(match[1]) if match else 0
        return found

    def warm(self) -> None:
        """Compare memory with the present state from now on."""
        self._memory = self.memory()

    async def check(self) -> str:
        """
        Assert that the log has no error, and that memory and descriptors have not grown.

        Returns:
            a line with the figures.
        """
        log = self.server.output[self._read :]
        trouble = [line for line in log.splitlines() if TROUBLE.search(line)]
        assert self.server.running
        assert not trouble, (trouble[:5], log[-3000:])
        memory = self.memory() - self._memory
        before = self._descriptors
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while self.descriptors() > before + DESCRIPTORS:
                    await asyncio.sleep(0.1)
        descriptors = self.descriptors() - before
        figures = (
            f"memory {self._memory} KiB {memory:+}, descriptors {before} {descriptors:+}, "
            f"{log.count(chr(10))} lines of log"
        )
        assert descriptors <= DESCRIPTORS, figures
        assert memory <= MEMORY, figures
        return figures


def _family(pid: int) -> Iterator[Path]:
    """Yield the folders of a process and its descendants in /proc, where that exists."""
    process = Path(f"/proc/{pid}")
    if process.exists():
        yield process
        for task in (process / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
