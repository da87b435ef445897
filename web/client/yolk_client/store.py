"""What must survive a restart, in one SQLite file; without a file, in memory."""

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
    """Another program uses the file: both would receive, and answer, the same messages."""


class Store:
    """
    The cursors and the outbox of each user.

    What was stored survives a crash of the program. A power failure may lose the last moments:
    their messages are then delivered, or sent, a second time.

    Args:
        file: the path; the file is created. None: memory.

    Raises:
        FileInUse: another program uses the file.
    """

    def __init__(self, file: str | Path | None) -> None:
        self._database = sqlite3.connect(
            ":memory:" if file is None else file, timeout=5, isolation_level=None
        )
        try:
            # One program at a time. WAL and NORMAL: no wait for the disk at each message.
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
        """Return the cursors of a user; None if there never were any."""
        found = self._database.execute("SELECT 1 FROM begun WHERE user_id = ?", (user_id,))
        if found.fetchone() is None:
            return None
        rows = self._database.execute("SELECT conv, seq FROM cursor WHERE user_id = ?", (user_id,))
        return dict(rows.fetchall())

    def begin(self, user_id: int, cursors: dict[str, int]) -> None:
        """Store the first cursors of a user."""
        with self._database as database:
            database.execute("BEGIN")
            database.execute("INSERT INTO begun VALUES (?)", (user_id,))
            rows = [(user_id, conv, seq) for conv, seq in cursors.items()]
            database.executemany(_KEEP_CURSOR, rows)

    def keep(self, user_id: int, conv: str, seq: int, written: Iterable[OutboxEntry]) -> None:
        """Store a cursor together with the messages that answer it, or neither."""
        with self._database as database:
            database.execute("BEGIN")
            database.execute(_KEEP_CURSOR, (user_id, conv, seq))
            for entry in written:
                self.keep_entry(entry)

    def forget(self, user_id: int, conv: str) -> None:
        """Delete a cursor."""
        self._database.execute("DELETE FROM cursor WHERE user_id = ? AND conv = ?", (user_id, conv))

    def outbox(self, user_id: int) -> list[OutboxEntry]:
        """Give what waits or failed, in the order in which it was written."""
        query = "SELECT entry FROM outbox WHERE user_id = ? ORDER BY place"
        rows = self._database.execute(query, (user_id,)).fetchall()
        return [OutboxEntry(**json.loads(row[0])) for row in rows]

    def keep_entry(self, entry: OutboxEntry) -> None:
        """Store a message of the outbox, or its new state."""
        self._database.execute(_KEEP_ENTRY, (entry.from_id, entry.cid, json.dumps(asdict(entry))))

    def drop_entry(self, cid: str) -> None:
        """Delete a message that the server has stored, or that was dropped."""
        self._database.execute("DELETE FROM outbox WHERE cid = ?", (cid,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()
