"""What has to survive a restart, in one file of SQLite; without a file, in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from yolk_client.types import OutboxEntry

_TABLES = """
CREATE TABLE IF NOT EXISTS begun (user_id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS cursor (
    user_id INTEGER, conv TEXT, seq INTEGER, PRIMARY KEY (user_id, conv)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    place INTEGER PRIMARY KEY, user_id INTEGER, cid TEXT UNIQUE, entry TEXT
);
"""
_KEEP_CURSOR = """
INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq"""
_KEEP_ENTRY = """
INSERT INTO outbox (user_id, cid, entry) VALUES (?, ?, ?)
ON CONFLICT (cid) DO UPDATE SET entry = excluded.entry"""


class FileInUse(Exception):
    """Another program has the file: both would take, and answer, the same messages."""


class Store:
    """
    Cursors and outbox, each user's apart.

    What was kept is there after a crash of the program; a power cut may take the last moments,
    which then come, or are sent, once more.

    Args:
        file: where; it is made. None is memory.

    Raises:
        FileInUse: by another program.
    """

    def __init__(self, file: str | Path | None) -> None:
        self._database = sqlite3.connect(
            ":memory:" if file is None else file, timeout=5, isolation_level=None
        )
        try:
            # One program has it. WAL and NORMAL: no waiting for the disk at each message.
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT")
        except sqlite3.OperationalError as error:
            self._database.close()
            if "locked" in str(error):
                raise FileInUse(f"{file} is in use by another program") from None
            raise

    def cursors(self, user_id: int) -> dict[str, int] | None:
        """Give the cursors; None for a user who was never here."""
        found = self._database.execute("SELECT 1 FROM begun WHERE user_id = ?", (user_id,))
        if found.fetchone() is None:
            return None
        rows = self._database.execute("SELECT conv, seq FROM cursor WHERE user_id = ?", (user_id,))
        return dict(rows.fetchall())

    def begin(self, user_id: int, cursors: dict[str, int]) -> None:
        """Keep the first cursors of a user."""
        with self._database as database:
            database.execute("BEGIN")
            database.execute("INSERT INTO begun VALUES (?)", (user_id,))
            rows = [(user_id, conv, seq) for conv, seq in cursors.items()]
            database.executemany(_KEEP_CURSOR, rows)

    def keep(self, user_id: int, conv: str, seq: int, written: Iterable[OutboxEntry]) -> None:
        """Keep a cursor, and what was written in answer to what it stands for, or neither."""
        with self._database as database:
            database.execute("BEGIN")
            database.execute(_KEEP_CURSOR, (user_id, conv, seq))
            for entry in written:
                self.keep_entry(entry)

    def forget(self, user_id: int, conv: str) -> None:
        """Forget a cursor."""
        self._database.execute("DELETE FROM cursor WHERE user_id = ? AND conv = ?", (user_id, conv))

    def outbox(self, user_id: int) -> list[OutboxEntry]:
        """Give what waits or failed, in the order in which it was written."""
        query = "SELECT entry FROM outbox WHERE user_id = ? ORDER BY place"
        rows = self._database.execute(query, (user_id,)).fetchall()
        return [OutboxEntry(**json.loads(row[0])) for row in rows]

    def keep_entry(self, entry: OutboxEntry) -> None:
        """Keep what was written, or its new state."""
        self._database.execute(_KEEP_ENTRY, (entry.from_id, entry.cid, json.dumps(asdict(entry))))

    def drop_entry(self, cid: str) -> None:
        """Forget what was stored by the server, or given up."""
        self._database.execute("DELETE FROM outbox WHERE cid = ?", (cid,))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
