from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AlterModelOptions
from tortoise.migrations.schema_generator.operation_generator import OperationGenerator

from models import Conversation, Member, Message, Session, User
from tests.databases import Databases, open_orm

APPS = {
    "models": {
        "models": ["models"],
        "migrations": "models.migrations",
        "default_connection": "default",
    }
}
LARGEST = 2**63 - 1
ONLY_MIGRATED = ("search_terms", "message_target")
"""Indexes that differ between databases, so that no model declares them."""

Schema = set[tuple[object, ...]]
Read = Callable[[BaseDBAsyncClient], Awaitable[Schema]]


def a_message(**values: object) -> Message:
    """Return a message that is not stored yet."""
    return Message(
        **{
            "conv": "s:1:2",
            "seq": 1,
            "number": 1,
            "from_id": 1,
            "to_id": 2,
            "chat_type": "single",
            "type": "text",
            "data": "hello",
            **values,
        }
    )


async def generate(url: str, read: Read) -> Schema:
    """Return the schema that Tortoise makes of the models without any migration."""
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["models"]})
        await context.generate_schemas()
        return await read(context.db())


async def sqlite_schema(connection: BaseDBAsyncClient) -> Schema:
    """Return columns and indexes of all tables, without the names of indexes."""
    ask = connection.execute_query_dict
    found: Schema = set()
    for table in await ask("SELECT name FROM sqlite_master WHERE type = 'table'"):
        name = table["name"]
        if name == "tortoise_migrations" or name.startswith("search_terms"):
            continue
        for column in await ask(f"PRAGMA table_info('{name}')"):
            found.add((name, *list(column.values())[1:]))
        for index in await ask(f"PRAGMA index_list('{name}')"):
            if index["name"] in ONLY_MIGRATED:
                continue
            columns = await ask(f"PRAGMA index_info('{index['name']}')")
            found.add((name, index["unique"], *(column["name"] for column in columns)))
    return found


async def postgres_schema(connection: BaseDBAsyncClient) -> Schema:
    """Return columns and indexes of all tables, without the names of indexes."""
    ask = connection.execute_query_dict
    columns = await ask(
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_schema = 'public'"
    )
    indexes = await ask(
        "SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') AS definition"
        " FROM pg_indexes WHERE schemaname = 'public'"
        f" AND indexname NOT IN {ONLY_MIGRATED}"
    )
    return {
        tuple(row.values())
        for row in [*columns, *indexes]
        if "tortoise_migrations" not in row.values()
    }


async def test_the_migrations_lead_to_what_the_models_say(tmp_path: Path) -> None:
    """The models and the migrations agree."""
    config = {"connections": {"default": f"sqlite://{tmp_path}/x.sqlite3"}, "apps": APPS}
    async with TortoiseContext() as context:
        await context.init(config, init_connections=False)
        assert context.apps is not None
        detector = MigrationAutodetector(context.apps, APPS)
        await detector.loader.build_graph()
        before, after = await detector._project_state(), detector._current_state()
        changes = OperationGenerator(before, after).generate(app_labels=["models"])

    # The first line of a docstring is an option, too, and may change.
    assert [change for change in changes if not isinstance(change, AlterModelOptions)] == []


async def test_migrated_and_generated_sqlite_tables_agree(tmp_path: Path) -> None:
    """A migrated SQLite database has the columns, keys and indexes of the models."""
    async with open_orm(tmp_path, f"sqlite://{tmp_path}/migrated.sqlite3") as host:
        migrated = await sqlite_schema(host.orm.connection)

    generated = await generate(f"sqlite://{tmp_path}/generated.sqlite3", sqlite_schema)

    assert migrated == generated


async def test_migrated_and_generated_postgres_tables_agree(
    tmp_path: Path, postgres: Databases
) -> None:
    """A migrated PostgreSQL database has the columns, keys and indexes of the models."""
    async with open_orm(tmp_path, postgres()) as host:
        migrated = await postgres_schema(host.orm.connection)

    generated = await generate(postgres(), postgres_schema)

    assert migrated == generated


async def test_ids_reach_up_to_2_to_the_63_less_1(tmp_path: Path, database_url: str) -> None:
    """Ids and cursors are 64 bits wide on every database."""
    async with open_orm(tmp_path, database_url):
        await User.create(id=LARGEST, username="ada", password="-")
        await Member.create(conv=f"g:{LARGEST}", user_id=LARGEST, read_seq=LARGEST)
        await a_message(from_id=LARGEST, to_id=LARGEST, seq=LARGEST).save()

        assert (await User.get(username="ada")).id == LARGEST
        assert (await Member.get(user_id=LARGEST)).read_seq == LARGEST
        assert (await Message.get(from_id=LARGEST)).seq == LARGEST


async def test_a_message_of_one_mebibyte_comes_back_as_it_was(
    tmp_path: Path, database_url: str
) -> None:
    """The text of a message may be 1 MiB, of any characters, and an id is a UUID version 7."""
    text = "\U0001f423\x00" if "sqlite" in database_url else "\U0001f423"
    text = text * (2**20 // len(text.encode()))
    async with open_orm(tmp_path, database_url):
        message = a_message(data=text, options='{"a": "\\u0000"}')
        await message.save()

        stored = await Message.get(id=message.id)

    assert stored.data == text
    assert stored.options == '{"a": "\\u0000"}'
    assert stored.id.version == 7


async def test_a_cid_is_used_once_by_a_sender(tmp_path: Path, database_url: str) -> None:
    """A second message of one sender with the same cid is refused."""
    async with open_orm(tmp_path, database_url) as host:
        await a_message(cid="one").save()

        with pytest.raises(host.orm.refused_errors):
            await a_message(cid="one", seq=2).save()


async def test_cids_that_differ_in_case_are_two(tmp_path: Path, database_url: str) -> None:
    """A cid is compared exactly, also where the database would ignore case and accents."""
    async with open_orm(tmp_path, database_url):
        for seq, cid in enumerate(["a", "A", "\u00e4", "\u00c4"], 1):
            await a_message(cid=cid, seq=seq).save()

        assert (await Message.get(cid="A")).seq == 2


async def test_messages_without_a_cid_are_never_repetitions(
    tmp_path: Path, database_url: str
) -> None:
    """Many messages of one sender may have no cid."""
    async with open_orm(tmp_path, database_url):
        await a_message(seq=1).save()
        await a_message(seq=2).save()

        assert await Message.filter(cid=None).count() == 2


async def test_a_seq_is_given_once(tmp_path: Path, database_url: str) -> None:
    """Two events of a conversation with the same seq are refused."""
    async with open_orm(tmp_path, database_url):
        await a_message(cid="a").save()

        with pytest.raises(IntegrityError):
            await a_message(cid="b").save()


async def test_a_person_is_in_a_conversation_once(tmp_path: Path, database_url: str) -> None:
    """A second membership of one user is refused."""
    async with open_orm(tmp_path, database_url):
        await Conversation.create(conv="s:1:2", chat_type="single")
        await Member.create(conv="s:1:2", user_id=1)

        with pytest.raises(IntegrityError):
            await Member.create(conv="s:1:2", user_id=1)


async def test_what_is_not_said_has_its_default(tmp_path: Path, database_url: str) -> None:
    """A new user is enabled and has no avatar; a new session has an id and a time."""
    async with open_orm(tmp_path, database_url):
        await User.create(username="ada", password="-")
        session = await Session.create(user_id=1, refresh_hash="0" * 64, expire_time=1)
        user = await User.get(username="ada")
        session = await Session.get(id=session.id)

    assert (user.status, user.avatar, user.nickname) == (1, "", "")
    assert session.create_time > 1_700_000_000_000
    assert session.previous_hash is None
    assert session.revoke_time is None


async def test_a_username_belongs_to_one_person(tmp_path: Path, database_url: str) -> None:
    """A second user of the same name is refused."""
    async with open_orm(tmp_path, database_url):
        await User.create(username="ada", password="-")

        with pytest.raises(IntegrityError):
            await User.create(username="ada", password="-")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "SELECT * FROM message WHERE conv = 's:1:2' AND seq > 3 ORDER BY seq",
            "(conv=? AND seq>?)",
        ),
        ("SELECT * FROM message WHERE from_id = 1 AND cid = 'a'", "(from_id=? AND cid=?)"),
        ("SELECT * FROM message WHERE target = 'a' AND type = 'edit'", "(target=?)"),
        ("SELECT * FROM search_entry WHERE conv = 's:1:2' AND seq = 3", "(conv=? AND seq=?)"),
        ("SELECT * FROM member WHERE user_id = 1", "(user_id=?)"),
        ("SELECT * FROM member WHERE conv = 's:1:2'", "(conv=?)"),
        ("SELECT * FROM session WHERE user_id = 1", "(user_id=?)"),
        ("SELECT * FROM session WHERE refresh_hash = 'a'", "(refresh_hash=?)"),
        ("SELECT * FROM session WHERE previous_hash = 'a'", "(previous_hash=?)"),
        ("SELECT * FROM user WHERE username = 'ada'", "(username=?)"),
    ],
)
async def test_queries_that_run_all_the_time_use_an_index(
    tmp_path: Path, sqlite: Databases, query: str, index: str
) -> None:
    """Frequent queries use an index, also for sorting."""
    async with open_orm(tmp_path, sqlite.migrated()) as host:
        plan = await host.orm.connection.execute_query_dict(f"EXPLAIN QUERY PLAN {query}")

    assert [row["detail"].endswith(index) for row in plan] == [True], plan
