"""Databases that are full of messages, made as fast as SQLite can and kept for the next run."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from bench.databases import Sqlite, add_users
from bench.servers import ROOT, Services

USER = 1
"""Whose conversations they are: with user 2, user 3, and so on."""

AT_ONCE = 1_000_000
"""Messages of one statement."""


class Archive(NamedTuple):
    """A database with messages in as many conversations, all of them as long."""

    path: Path
    conversations: int
    messages: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"sqlite://{self.path}"

    @property
    def length(self) -> int:
        """How many messages a conversation has."""
        return self.messages // self.conversations

    def conv(self, number: int) -> str:
        """Name one of the conversations, from 0 on."""
        return f"s:{USER}:{USER + 1 + number}"

    def rewind(self) -> None:
        """
        Have nothing be delivered or read, as before anything was asked.

        And have the whole file in the kernel's memory: how fast the disk is, is not the question.
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
    Give a database with *messages*, made now unless one is there that fits.

    Args:
        services: lets Yolk make the tables.
        conversations: of the user, each with somebody else.
        messages: in all.
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
        pass  # its start makes the tables
    add_users(database)
    connection = sqlite3.connect(new.path, isolation_level=None)
    # Whatever breaks this off, there is no stamp: the file is made anew. So nothing need be safe.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000"):
        connection.execute(f"PRAGMA {pragma}")
    now = time.time_ns() // 1_000_000
    shape = {"user": USER, "conversations": new.conversations, "messages": new.messages, "now": now}
    for first in range(0, new.messages, AT_ONCE):
        upto = min(first + AT_ONCE, new.messages)
        connection.execute(_MESSAGES, shape | {"first": first, "upto": upto})
    connection.execute(_CONVERSATIONS, {"now": now})
    connection.execute(_MEMBERS, shape)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


# Nothing is left for the search's index (`indexed_seq`): that would be another measurement.
# A message a millisecond up to now, in one conversation after the other: so the rows of one lie
# far apart, as they do when many people write. The two of a conversation take turns.
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
    """Give what changes when tables, or this file, do."""
    files = sorted((ROOT / "models" / "migrations").glob("*.py"))
    return hashlib.sha256(
        b"".join(path.read_bytes() for path in (*files, Path(__file__)))
    ).hexdigest()
