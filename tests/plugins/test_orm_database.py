from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from models import Conversation, User
from plugins.orm import DatabaseUnavailable
from tests.databases import Databases, open_orm
from yolk import StartError


async def test_models_are_there_by_name(tmp_path: Path) -> None:
    """`app.model.User` is the model, and works in any task."""
    async with open_orm(tmp_path) as host:
        user = await asyncio.create_task(host.model.User.create(username="ada", password="-"))

        assert host.model.User is User
        assert isinstance(user, User)


async def test_a_model_that_does_not_exist_lists_those_that_do(tmp_path: Path) -> None:
    """The error of a misspelt model lists the existing ones."""
    async with open_orm(tmp_path) as host:
        with pytest.raises(AttributeError, match=r"has no Usr; it has .*Did you mean User"):
            _ = host.model.Usr


async def test_without_a_url_the_database_is_in_the_data_folder(tmp_path: Path) -> None:
    """The default is SQLite in the data folder."""
    async with open_orm(tmp_path) as host:
        assert host.orm.dialect == "sqlite"

    assert (tmp_path / "data" / "yolk.sqlite3").is_file()


async def test_a_transaction_writes_all_or_nothing(tmp_path: Path, database_url: str) -> None:
    """The writes of a block are rolled back if it fails, and committed otherwise."""
    async with open_orm(tmp_path, database_url) as host:
        with pytest.raises(LookupError):  # noqa: PT012 - the block is what is tested
            async with host.orm.transaction():
                await User.create(username="ada", password="-")
                raise LookupError
        async with host.orm.transaction():
            await User.create(username="bob", password="-")

        assert [user.username for user in await User.all()] == ["bob"]


async def test_a_transaction_inside_another_is_a_savepoint(
    tmp_path: Path, database_url: str
) -> None:
    """An inner block that fails rolls back only its own writes."""
    async with open_orm(tmp_path, database_url) as host:
        async with host.orm.transaction():
            await User.create(username="ada", password="-")
            with pytest.raises(LookupError):  # noqa: PT012 - the block is what is tested
                async with host.orm.transaction():
                    await User.create(username="bob", password="-")
                    raise LookupError

        assert [user.username for user in await User.all()] == ["ada"]


async def test_a_row_that_is_refused_is_no_outage(tmp_path: Path, database_url: str) -> None:
    """A duplicate of a unique value is refused, by an error that is not an outage."""
    async with open_orm(tmp_path, database_url) as host:
        await User.create(username="ada", password="-")
        with pytest.raises(host.orm.refused_errors) as refusal:
            async with host.orm.transaction():
                await User.create(username="ada", password="-")

        assert not isinstance(refusal.value, host.orm.unavailable_errors)


async def test_a_faulty_statement_is_no_outage(tmp_path: Path, database_url: str) -> None:
    """A missing table is not an outage: a retry would not help."""
    async with open_orm(tmp_path, database_url) as host:
        with pytest.raises(Exception, match="nothing_here") as fault:
            await host.orm.connection.execute_query("SELECT * FROM nothing_here")

        assert not isinstance(fault.value, host.orm.unavailable_errors)


async def test_concurrent_transactions_lose_no_update(tmp_path: Path, database_url: str) -> None:
    """Concurrent transactions that add to one row lose no update."""
    async with open_orm(tmp_path, database_url) as host:
        await Conversation.create(conv="g:1", chat_type="group")

        async def add() -> None:
            async with host.orm.transaction() as connection:
                await connection.execute_query(
                    "UPDATE conversation SET last_seq = last_seq + 1 WHERE conv = 'g:1'"
                )

        await asyncio.gather(*(add() for _ in range(50)))

        assert (await Conversation.get(conv="g:1")).last_seq == 50


async def test_write_is_for_sqlite(tmp_path: Path, postgres: Databases) -> None:
    """On other databases the error of `write` names the alternative."""
    async with open_orm(tmp_path, postgres()) as host:
        with pytest.raises(RuntimeError, match=r"use app\.orm\.transaction"):
            await host.orm.write(lambda connection: connection.execute("SELECT 1"))


@pytest.mark.parametrize(
    "url",
    ["postgres://ada:s3cret@127.0.0.1:1/chat", "mysql://ada:s3cret@127.0.0.1:1/chat"],
)
async def test_a_database_that_is_unavailable_stops_the_start(tmp_path: Path, url: str) -> None:
    """One sentence names the database and DATABASE_URL, and not the password."""
    with pytest.raises(StartError) as refusal:
        async with open_orm(tmp_path, url):
            pass

    assert "127.0.0.1:1/chat cannot be used" in str(refusal.value)
    assert "DATABASE_URL" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_a_database_that_does_not_exist_stops_the_start(
    tmp_path: Path, postgres: Databases
) -> None:
    """A missing database has another error than an unavailable server."""
    url = postgres().replace("/test_", "/missing_")

    with pytest.raises(StartError, match="missing_"):
        async with open_orm(tmp_path, url):
            pass


async def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    """A folder that does not exist is named."""
    with pytest.raises(StartError, match=r"nowhere/x\.sqlite3"):
        async with open_orm(tmp_path, f"sqlite://{tmp_path}/nowhere/x.sqlite3"):
            pass


async def test_a_file_that_is_no_database_stops_the_start(tmp_path: Path) -> None:
    """A file that is not a database is refused in one sentence, and not changed."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, " * 1000)

    with pytest.raises(StartError, match=r"letter\.txt cannot be used \(file is not a database\)"):
        async with open_orm(tmp_path, f"sqlite://{path}"):
            pass

    assert path.read_text() == "Dear Ada, " * 1000


async def test_an_outage_of_postgresql_passes(tmp_path: Path, postgres: Databases) -> None:
    """While PostgreSQL is unavailable every call fails at once; afterwards all works again."""
    url = postgres()
    socket = Path(url.partition("?host=")[2]) / ".s.PGSQL.5432"
    away = socket.with_name("away")
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with open_orm(tmp_path, url, pool_max=2) as host:
        socket.rename(away)
        try:
            async with host.orm.transaction() as connection:
                await connection.execute_query(kill)
            with pytest.raises(host.orm.unavailable_errors):
                async with host.orm.transaction() as connection:
                    await connection.execute_query("SELECT pg_terminate_backend(pg_backend_pid())")
            for _ in range(5):  # more often than the pool has connections
                with pytest.raises(DatabaseUnavailable):
                    async with host.orm.transaction():
                        pass
                with pytest.raises(DatabaseUnavailable):
                    await User.create(username="ada", password="-")
        finally:
            away.rename(socket)

        async with host.orm.transaction():
            await User.create(username="ada", password="-")
        assert await User.all().count() == 1


async def test_a_cancelled_transaction_leaves_nothing(tmp_path: Path, database_url: str) -> None:
    """A transaction that is cancelled inside its block is rolled back, and the next one runs."""
    inside = asyncio.Event()
    async with open_orm(tmp_path, database_url, pool_max=2) as host:

        async def stay() -> None:
            async with host.orm.transaction():
                await User.create(username="ada", password="-")
                inside.set()
                await asyncio.Event().wait()

        for _ in range(3):
            inside.clear()
            task = asyncio.create_task(stay())
            await inside.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        async with host.orm.transaction():
            assert await User.all().count() == 0
