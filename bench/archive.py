"""Databases full of messages, created as fast as SQLite can and kept for the next run."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from bench.databases import Sqlite, add_users
from bench.servers import ROOT, Services

USER = 1
"""The user who has the conversations: with user 2, user 3, and so on."""

BATCH = 1_000_000
"""Messages in one statement."""


class Archive(NamedTuple):
    """A database with messages in a number of conversations of equal length."""

    path: Path
    conversations: int
    messages: int

    @property
    def url(self) -> str:
        """Return the URL of the database."""
        return f"sqlite://{self.path}"

    @property
    def length(self) -> int:
        """The number of messages of a conversation."""
        return self.messages // self.conversations

    def conv(self, number: int) -> str:
        """Return the conv of a conversation, counted from 0."""
        return f"s:{USER}:{USER + 1 + number}"

    def rewind(self) -> None:
        """
        Reset the cursors, and read the file into the page cache.

        The speed of the disk is not what is measured.
        """
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute("UPDATE member SET delivered_seq = 0, read_seq = 0, read_number = 0")
        connection.close()
        with self.path.open("rb") as file:
            while file.read(2**24):
                pass


def archive(services: Services, conversations: int, messages: int) -> Archive:
    """
    Return a database with *messages*; create it unless a matching one exists.

    Args:
        services: run Yolk once to create the tables.
        conversations: the number of conversations, each with another user.
        messages: the number of messages in all.
    """
    folder = services.folder / "archives"
    folder.mkdir(exist_ok=True)
    path = folder / f"{messages}-in-{conversations}.sqlite3"
    found = Archive(path, conversations, messages)
    stamp = path.with_suffix(".stamp")
    if not stamp.exists() or stamp.read_text() != _recipe():
        stamp.unlink(missing_ok=True)
        began = time.perf_counter()
        _make(services, found)
        stamp.write_text(_recipe())
        size = path.stat().st_size / 2**20
        seconds = time.perf_counter() - began
        print(f"Made {messages:,} messages: {size:,.0f} MiB in {seconds:.0f} s.", flush=True)
    return found


def _make(services: Services, new: Archive) -> None:
    database = Sqlite(new.path)
    with services.running("Yolk", {"DATABASE_URL": database.new()}):
        pass  # its start creates the tables
    add_users(database)
    connection = sqlite3.connect(new.path, isolation_level=None)
    # It need not be durable: after an interruption there is no stamp, and it is created again.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000"):
        connection.execute(f"PRAGMA {pragma}")
    now = time.time_ns() // 1_000_000
    shape = {"user": USER, "conversations": new.conversations, "messages": new.messages, "now": now}
    for first in range(0, new.messages, BATCH):
        upto = min(first + BATCH, new.messages)
        connection.execute(_MESSAGES, shape | {"first": first, "upto": upto})
    connection.execute(_CONVERSATIONS, {"now": now})
    connection.execute(_MEMBERS, shape)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


# Everything counts as indexed for the search (`indexed_seq`): that is another measurement.
# One message per millisecond, in one conversation after the other: so the rows of one conversation
# are far apart, as when many users write. The two users of a conversation take turns.
_MESSAGES = """
WITH RECURSIVE n (i) AS (
    SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :upto
), placed AS (
    SELECT i, :now - :messages + i AS time, i / :conversations + 1 AS seq,
        :user + 1 + i % :conversations AS peer FROM n
)
INSERT INTO message
    (id, conv, seq, number, from_id, to_id, cid, chat_type, type, data, create_time)
SELECT printf('%08x-%04x-7000-8000-%012x', time >> 16, time & 65535, i),
    's:' || :user || ':' || peer, seq, seq,
    iif(seq % 2, peer, :user), iif(seq % 2, :user, peer),
    printf('%016x', i), 'single', 'text',
    'message ' || i || ' of a conversation that goes on for years and years', time
FROM placed"""
_CONVERSATIONS = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, indexed_seq, update_time)
SELECT conv, 'single', max(seq), max(seq), max(seq), :now FROM message GROUP BY conv"""
_MEMBERS = """
WITH pairs AS (SELECT conv, substr(conv, 3 + length(:user) + 1) + 0 AS peer FROM conversation)
INSERT INTO member (conv, user_id, create_time)
SELECT conv, :user, :now FROM pairs UNION ALL SELECT conv, peer, :now FROM pairs"""


def _recipe() -> str:
    """Return a hash that changes with the tables or this file."""
    files = sorted((ROOT / "models" / "migrations").glob("*.py"))
    return hashlib.sha256(
        b"".join(path.read_bytes() for path in (*files, Path(__file__)))
    ).hexdigest()
