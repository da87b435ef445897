"""A chat for tests whose database has its tables already."""

from __future__ import annotations

import functools
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from tests.copies import ROOT
from tests.databases import migrate_database
from yolk.testing import Server

DATABASE = "yolk.sqlite3"


class ChatServer(Server):
    """
    A chat that starts with a copy of an empty database, unless it has one already.

    Migrations take a third of the processor time of a start. They run in the chat that all tests
    share, and in tests of their own.
    """

    def start(self, timeout: float = 60) -> Self:
        """Start the application, and wait until all workers are ready."""
        database = self.data / DATABASE
        if "DATABASE_URL" not in self.env and not database.exists():
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            database.write_bytes(_empty_database())
        if self.root != ROOT:
            self.env["COVERAGE_PROCESS_CONFIG"] = ""  # the lines of a copy do not count
        return super().start(timeout)


@functools.cache
def _empty_database() -> bytes:
    """Return the content of a database with all tables and no rows."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        path = Path(folder) / DATABASE
        # In a thread, because the test that starts a chat may run an event loop.
        thread.submit(migrate_database, f"sqlite://{path}").result()
        return path.read_bytes()
