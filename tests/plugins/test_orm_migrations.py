from __future__ import annotations

import asyncio
import fcntl
import sys
from pathlib import Path
from typing import Any

import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import DoesNotExist

from models import User
from plugins.orm.migrate import LOCK
from tests.databases import Databases, open_orm
from yolk import StartError

STARTER = """
import asyncio, sys
from pathlib import Path
from tests.databases import open_orm

async def main(folder, url):
    async with open_orm(Path(folder), url):
        pass

asyncio.run(main(*sys.argv[1:]))
"""

EGG_TABLE = """
CREATE TABLE {q}user{q} (
    id {serial} PRIMARY KEY,
    username VARCHAR(30) NOT NULL UNIQUE,
    password VARCHAR(255) NOT NULL,
    nickname VARCHAR(30),
    avatar VARCHAR(255),
    status SMALLINT NOT NULL DEFAULT 1,
    phone VARCHAR(20) DEFAULT '',
    create_time TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""
SERIAL = {
    "sqlite": "INTEGER",
    "postgresql": "SERIAL",
    "mysql": "INT NOT NULL AUTO_INCREMENT",
}


async def run_sql(url: str, *statements: str) -> None:
    """Prepare a database before the application opens it."""
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["models"]})
        for statement in statements:
            await context.db().execute_script(statement)


def egg_table(url: str, without: str | None = None) -> str:
    """Return the statement that makes an Egg application's table of users."""
    dialect = url.partition("://")[0]
    sql = EGG_TABLE.format(q="`" if dialect == "mysql" else '"', serial=SERIAL[dialect])
    return "\n".join(line for line in sql.splitlines() if f" {without} " not in line)


async def test_workers_that_start_together_migrate_once(tmp_path: Path, database_url: str) -> None:
    """Of several processes that start at once, each finds the tables."""
    (tmp_path / "data").mkdir()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", STARTER, tmp_path, database_url, cwd=Path(__file__).parents[2]
        )
        for _ in range(3)
    ]
    assert [await process.wait() for process in processes] == [0, 0, 0]

    async with open_orm(tmp_path, database_url) as host:
        applied = await host.orm.connection.execute_query_dict(
            "SELECT name FROM tortoise_migrations"
        )
    folder = Path(__file__).parents[2] / "models" / "migrations"
    assert [row["name"] for row in applied] == sorted(
        path.stem for path in folder.glob("[0-9]*.py")
    )


async def test_a_user_table_of_an_egg_application_is_used_as_it_is(
    tmp_path: Path, database_url: str
) -> None:
    """Its users are found, new ones can be added, and its columns do not change."""
    people = "`user`" if "mysql" in database_url else '"user"'
    await run_sql(
        database_url,
        egg_table(database_url),
        f"INSERT INTO {people} (username, password) VALUES ('ada', '-')",
    )

    async with open_orm(tmp_path, database_url) as host:
        ada = await User.get(username="ada")
        bob = await User.create(username="bob", password="-")
        rows = await host.orm.connection.execute_query_dict(f"SELECT * FROM {people} ORDER BY id")

    assert (ada.id, ada.avatar, ada.status) == (1, None, 1)
    assert bob.id == 2
    assert rows[1]["phone"] == ""
    assert list(rows[0]) == [
        *("id", "username", "password", "nickname", "avatar", "status"),
        *("phone", "create_time"),
    ]


async def test_a_user_table_that_lacks_a_column_stops_the_start(
    tmp_path: Path, database_url: str
) -> None:
    """The sentence names the table and the column, and the database is not changed."""
    await run_sql(database_url, egg_table(database_url, without="nickname"))

    with pytest.raises(StartError, match=r"The table user of .* has no column nickname; "):
        async with open_orm(tmp_path, database_url):
            pass

    await run_sql(database_url, "CREATE TABLE message (id INT)")  # it is not there


async def test_a_table_of_ours_that_is_somebody_elses_stops_the_start(tmp_path: Path) -> None:
    """A foreign table with one of our names is not written to."""
    url = f"sqlite://{tmp_path}/x.sqlite3"
    await run_sql(url, "CREATE TABLE message (id INT, seq INT, conv TEXT)")

    with pytest.raises(
        StartError, match=r"The table message of .* has no columns chat_type, cid, "
    ):
        async with open_orm(tmp_path, url):
            pass


async def test_a_migration_that_broke_off_half_way_goes_on(
    tmp_path: Path, database_url: str
) -> None:
    """Tables of a migration that was not recorded do not stop the next start."""
    async with open_orm(tmp_path, database_url):
        await User.create(username="ada", password="-")
    await run_sql(database_url, "DROP TABLE tortoise_migrations", "DROP TABLE message")

    async with open_orm(tmp_path, database_url) as host:
        assert await host.model.Message.all().count() == 0
        assert await User.all().count() == 1


async def test_an_id_too_large_for_the_table_is_nobody(tmp_path: Path, postgres: Databases) -> None:
    """With 32-bit ids of an Egg table, a larger id is an error of the request, not an outage."""
    url = postgres()
    await run_sql(url, egg_table(url))

    async with open_orm(tmp_path, url) as host:
        with pytest.raises(Exception, match="int32") as refusal:
            await User.get(id=2**40)

        assert not isinstance(refusal.value, (DoesNotExist, *host.orm.unavailable_errors))


async def test_sqlite_waits_only_so_long_for_somebody_who_migrates(tmp_path: Path) -> None:
    """Waiting for another process's migration has a time limit."""
    url = f"sqlite://{tmp_path}/x.sqlite3"
    with (tmp_path / "x.sqlite3-migration-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StartError, match="Another process has been migrating"):
            async with open_orm(tmp_path, url, migration_timeout=0.05):
                pass


async def test_postgresql_waits_only_so_long_for_somebody_who_migrates(
    tmp_path: Path, postgres: Databases
) -> None:
    """Waiting for the advisory lock has a time limit."""
    url = postgres()
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["models"]})
        async with context.db().acquire_connection() as connection:
            await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
            with pytest.raises(StartError, match="Another process has been migrating"):
                async with open_orm(tmp_path, url, migration_timeout=0.05):
                    pass


PARENT_AND_CHILD = """
from tortoise import Model, fields

class Parent(Model):
    name = fields.CharField(max_length={length})

class Child(Model):
    parent = fields.ForeignKeyField("models.Parent", on_delete=fields.CASCADE)
"""
FIRST = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel(
            name="Parent",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("name", fields.CharField(max_length=10)),
            ],
            options={"table": "parent", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Child",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("parent", fields.ForeignKeyField("models.Parent", on_delete=fields.CASCADE)),
            ],
            options={"table": "child", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
"""
SECOND = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.AlterField(
            model_name="Parent", name="name", field=fields.CharField(max_length={length})
        ),
    ]
"""


def write_package(folder: Path, name: str, *, length: int = 20, second: str = SECOND) -> None:
    """Write models with a table that refers to another, and a migration that rebuilds that one."""
    migrations = folder / name / "migrations"
    migrations.mkdir(parents=True)
    (folder / name / "__init__.py").write_text(PARENT_AND_CHILD.format(length=length))
    (migrations / "__init__.py").touch()
    (migrations / "0001_initial.py").write_text(FIRST)
    (migrations / "0002_longer.py").write_text(second.format(length=length))


async def test_rebuilding_a_sqlite_table_keeps_the_rows_that_refer_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Foreign keys are off in migrations: they would delete children with the old table."""
    url = f"sqlite://{tmp_path}/x.sqlite3"
    monkeypatch.syspath_prepend(tmp_path)
    write_package(tmp_path, "family_before", length=10)
    write_package(tmp_path, "family_after")
    (tmp_path / "family_before" / "migrations" / "0002_longer.py").unlink()
    before: dict[str, Any] = {
        "models": ("family_before",),
        "migrations": "family_before.migrations",
    }
    after: dict[str, Any] = {"models": ("family_after",), "migrations": "family_after.migrations"}

    async with open_orm(tmp_path, url, **before) as host:
        await host.model.Child.create(parent=await host.model.Parent.create(name="ada"))
    async with open_orm(tmp_path, url, **after) as host:
        children = await host.model.Child.all().count()
        enforced = await host.orm.connection.execute_query_dict("PRAGMA foreign_keys")

    assert children == 1
    assert enforced == [{"foreign_keys": 1}]


async def test_a_migration_that_fails_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the error; the migration is rolled back, and retried at the next start."""
    monkeypatch.syspath_prepend(tmp_path)
    broken = SECOND.replace(
        "ops.AlterField", "ops.RunSQL('INSERT INTO nowhere VALUES (1)'), ops.AlterField"
    )
    write_package(tmp_path, "family_broken", second=broken)
    settings: dict[str, Any] = {
        "models": ("family_broken",),
        "migrations": "family_broken.migrations",
    }

    for _ in range(2):
        with pytest.raises(StartError, match=r"cannot be migrated .*no such table: nowhere"):
            async with open_orm(tmp_path, **settings):
                pass


async def test_models_that_do_not_exist_stop_the_start(tmp_path: Path) -> None:
    """A misspelt module is named, with the setting."""
    with pytest.raises(StartError, match=r"orm\.models names modles, which does not exist"):
        async with open_orm(tmp_path, models=("modles",)):
            pass
