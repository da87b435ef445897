from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from models import Conversation, User
from plugins.orm import sqlite_checkpoints
from tests.databases import Host, open_orm

WRITER = """
import asyncio, sys
from pathlib import Path
from tests.databases import open_orm
from models import Conversation, User

async def main(name, folder):
    async with open_orm(Path(folder)) as host:
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(60):
            async with host.orm.transaction():
                conversation = await Conversation.get(conv="g:1")  # reads, then writes
                conversation.last_seq += 1
                await conversation.save()
            await User.create(username=f"{name}-{number}", password="-")
            await host.orm.write(lambda connection: connection.execute(
                "UPDATE conversation SET last_number = last_number + 1 WHERE conv = 'g:1'"))

asyncio.run(main(*sys.argv[1:]))
"""


async def pragma(host: Host, name: str) -> Any:
    """Return the value of a pragma on the connection that writes."""
    return await host.orm.write(
        lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0]
    )


async def test_processes_that_write_at_once_never_find_it_locked(tmp_path: Path) -> None:
    """Two processes read and write as fast as they can: none fails, and no update is lost."""
    async with open_orm(tmp_path) as host:
        await Conversation.create(conv="g:1", chat_type="group")
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, name, str(tmp_path)],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("ada", "bob")
        ]
        for process in processes:
            assert process.stdout
            assert process.stdin
            assert process.stdout.readline() == "ready\n"
            process.stdin.write("go\n")
            process.stdin.flush()
        for number in range(60):
            async with host.orm.transaction():
                await User.create(username=f"here-{number}", password="-")
        for process in processes:
            await asyncio.to_thread(process.communicate)

        conversation = await Conversation.get(conv="g:1")
        assert [process.returncode for process in processes] == [0, 0]
        assert (conversation.last_seq, conversation.last_number) == (120, 120)
        assert await User.all().count() == 180


async def test_the_database_keeps_what_it_confirmed(tmp_path: Path) -> None:
    """Every commit is on the disk (synchronous=FULL), in write-ahead mode, keys enforced."""
    async with open_orm(tmp_path) as host:
        assert await pragma(host, "journal_mode") == "wal"
        assert await pragma(host, "synchronous") == 2
        assert await pragma(host, "foreign_keys") == 1


@pytest.fixture
def small_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make SQLite's log small, and checkpoints frequent."""
    monkeypatch.setattr(sqlite_checkpoints, "MAX_LOG_PAGES", 50)
    monkeypatch.setattr(sqlite_checkpoints, "CHECKPOINT_SECONDS", 0.01)


async def grow(host: Host, tag: str) -> None:
    """Write some hundred pages, in several transactions."""
    for number in range(5):
        rows = [(f"{tag}{number}-{row}", "x" * 250) for row in range(300)]
        await host.orm.write(
            lambda connection, rows=rows: connection.executemany(  # type: ignore[misc]
                "INSERT INTO user (username, password) VALUES (?, ?)", rows
            )
        )


def from_outside(host: Host) -> sqlite3.Connection:
    """Open the database as another program does."""
    return sqlite3.connect(host.data_dir / "yolk.sqlite3", isolation_level=None)


def pages_in_log(other: sqlite3.Connection) -> int:
    """Return how many pages SQLite's log has."""
    return int(other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])


@pytest.mark.usefixtures("small_log")
async def test_the_log_begins_anew(tmp_path: Path) -> None:
    """The log stays small, though no commit runs a checkpoint."""
    async with open_orm(tmp_path) as host:
        assert await pragma(host, "wal_autocheckpoint") == 0
        with closing(from_outside(host)) as other:
            await grow(host, "first")
            while pages_in_log(other) > 50:
                await asyncio.sleep(0.01)
                await User.create(username=f"ada{time.monotonic_ns()}", password="-")

        assert await User.filter(username__startswith="first").count() == 1500


@pytest.mark.usefixtures("small_log")
async def test_who_reads_an_old_state_keeps_nobody_waiting(tmp_path: Path) -> None:
    """With a backup, for example, the log grows, commits go on, and later the log restarts."""
    async with open_orm(tmp_path, query_timeout=60.0) as host:
        with closing(from_outside(host)) as other, closing(from_outside(host)) as backup:
            backup.execute("BEGIN")
            backup.execute("SELECT count(*) FROM user").fetchone()
            async with asyncio.timeout(30):  # and not 60 s, for which the rest of us waits
                for number in range(10):
                    await grow(host, f"meanwhile{number}")
                    await asyncio.sleep(0.02)
            assert pages_in_log(other) > 50
            assert await pragma(host, "busy_timeout") == 60_000

            backup.execute("COMMIT")
            while pages_in_log(other) > 50:
                await asyncio.sleep(0.01)
                await User.create(username=f"ada{time.monotonic_ns()}", password="-")


async def test_readers_go_on_while_somebody_writes(tmp_path: Path) -> None:
    """An open write transaction does not block readers."""
    async with open_orm(tmp_path) as host:
        await User.create(username="ada", password="-")
        inside, leave = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            async with host.orm.transaction():
                await User.create(username="bob", password="-")
                inside.set()
                await leave.wait()

        writer = asyncio.create_task(write())
        await inside.wait()
        seen_meanwhile = await User.all().count()
        leave.set()
        await writer

        assert seen_meanwhile == 1
        assert await User.all().count() == 2


async def test_the_loop_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    """Queuing for the lock blocks a thread, not the loop; readers of this process go on, too."""
    async with open_orm(tmp_path) as host:
        async with foreign_lock(tmp_path):
            writer = asyncio.create_task(User.create(username="ada", password="-"))
            await asyncio.sleep(0)
            assert await User.all().count() == 0
            assert not writer.done()
        await writer

        assert host.orm.dialect == "sqlite"
        assert await User.all().count() == 1


async def test_a_writer_that_is_cancelled_while_it_queues_lets_the_next_one_in(
    tmp_path: Path,
) -> None:
    """A task that stops waiting leaves no lock behind."""
    async with open_orm(tmp_path) as host:
        async with foreign_lock(tmp_path):

            async def write() -> None:
                async with host.orm.transaction():
                    await User.create(username="never", password="-")

            waiting = [asyncio.create_task(write()) for _ in range(3)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(error) for error in ended] == [asyncio.CancelledError] * 3
        await User.create(username="ada", password="-")
        assert [user.username for user in await User.all()] == ["ada"]


async def test_write_gives_what_the_function_gives_and_rolls_back_what_fails(
    tmp_path: Path,
) -> None:
    """`write` is a transaction: it returns its result, and an error rolls it back."""
    insert = "INSERT INTO user (username, password) VALUES (?, '-') RETURNING id"

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute(insert, ["bob"]).fetchall()
        raise LookupError

    async with open_orm(tmp_path) as host:
        new_id = await host.orm.write(
            lambda connection: connection.execute(insert, ["ada"]).fetchone()[0]
        )
        with pytest.raises(LookupError):
            await host.orm.write(fail)

        assert [(user.id, user.username) for user in await User.all()] == [(new_id, "ada")]


async def test_write_inside_a_transaction_is_part_of_it(tmp_path: Path) -> None:
    """A `write` in a block that fails is rolled back with it."""
    insert = "INSERT INTO user (username, password) VALUES ('ada', '-')"
    async with open_orm(tmp_path) as host:
        with pytest.raises(LookupError):  # noqa: PT012 - the block is what is tested
            async with host.orm.transaction():
                await host.orm.write(lambda connection: connection.execute(insert))
                raise LookupError

        assert await User.all().count() == 0


async def test_a_unique_value_in_write_is_refused_as_elsewhere(tmp_path: Path) -> None:
    """`write` raises the same errors as the models do."""
    insert = "INSERT INTO user (username, password) VALUES ('ada', '-')"
    async with open_orm(tmp_path) as host:
        await host.orm.write(lambda connection: connection.execute(insert))
        with pytest.raises(host.orm.refused_errors):
            await host.orm.write(lambda connection: connection.execute(insert))


async def test_a_database_locked_by_another_program_is_an_outage(tmp_path: Path) -> None:
    """Another program that holds SQLite's lock for too long is an outage."""
    async with open_orm(tmp_path, query_timeout=0.05) as host:
        other = sqlite3.connect(tmp_path / "data" / "yolk.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(host.orm.unavailable_errors, match="locked"):
            await User.create(username="ada", password="-")
        with pytest.raises(host.orm.unavailable_errors, match="locked"):
            async with host.orm.transaction():
                pass
        other.execute("ROLLBACK")
        other.close()

        await User.create(username="ada", password="-")
        assert await User.all().count() == 1


async def test_a_commit_that_fails_lets_the_next_one_write(tmp_path: Path) -> None:
    """A transaction that cannot be committed is rolled back and leaves no lock behind."""
    async with open_orm(tmp_path) as host:
        await host.orm.connection.execute_script(
            "CREATE TABLE child (parent INTEGER REFERENCES user (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        with pytest.raises(host.orm.refused_errors):
            async with host.orm.transaction() as connection:
                await connection.execute_query("INSERT INTO child VALUES (77)")

        async with host.orm.transaction():
            await User.create(username="ada", password="-")
        assert await host.orm.connection.execute_query_dict("SELECT * FROM child") == []


class foreign_lock:  # noqa: N801 - reads as a function
    """Hold the writers' lock as another process would."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "data" / "yolk.sqlite3-lock"

    async def __aenter__(self) -> None:
        code = (
            "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX);"
            "print('held', flush=True); sys.stdin.read()"
        )
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            os.fspath(self.path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        await self.process.stdout.readline()

    async def __aexit__(self, *_: object) -> None:
        await self.process.communicate(b"")


async def test_a_process_that_closes_nothing_ends_all_the_same(tmp_path: Path) -> None:
    """A start that another plugin stops leaves connections open, but the process ends."""
    code = (
        "import asyncio, sys; from pathlib import Path; from tests.databases import open_orm\n"
        "async def main():\n"
        "    await open_orm(Path(sys.argv[1])).__aenter__()\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, tmp_path, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE
    )
    async with asyncio.timeout(20):
        await process.communicate()

    assert process.returncode == 0
