"""Migrate the database when the application starts."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from tortoise import Model
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor

from yolk import StartError

from .errors import reason
from .url import Target

LOCK = int.from_bytes(b"yolk-orm")
"""The key of PostgreSQL's advisory lock; its scope is one database."""

COLUMNS = {
    "sqlite": (
        "SELECT t.name AS name, c.name AS col FROM sqlite_master t"
        " JOIN pragma_table_info(t.name) c WHERE t.type IN ('table', 'view')"
    ),
    "postgres": (
        "SELECT table_name AS name, column_name AS col FROM information_schema.columns"
        " WHERE table_schema = current_schema()"
    ),
    "mysql": (
        "SELECT table_name AS name, column_name AS col FROM information_schema.columns"
        " WHERE table_schema = database()"
    ),
}


async def migrate(
    target: Target, config: dict[str, Any], models: Iterable[type[Model]], wait: float
) -> None:
    """
    Apply the missing migrations, in one process at a time.

    Args:
        target: the database.
        config: Tortoise's configuration, for connections that are used for the migrations only.
        models: the models that the tables must fit afterwards.
        wait: how long to wait for another process that migrates, in seconds.

    Raises:
        StartError: a migration fails, another process takes too long, or a table lacks a column.
    """
    context = TortoiseContext()
    async with context:
        await context.init(config)
        client = context.db(target.dialect)
        async with _lock(target, client, wait):
            executor = MigrationExecutor(client, config["apps"])
            if not await executor.recorder.applied_migrations():
                # Existing tables belong to another application: check them before any change.
                await check_tables(target, client, models, missing_tables=True)
            try:
                await executor.migrate(direction="forward")
            except StartError:
                raise
            except Exception as error:
                raise StartError(
                    f"The tables of {target.shown} cannot be migrated "
                    f"({type(error).__name__}: {reason(error)}); correct the migration."
                ) from error
        await check_tables(target, client, models, missing_tables=False)


async def check_tables(
    target: Target,
    client: BaseDBAsyncClient,
    models: Iterable[type[Model]],
    *,
    missing_tables: bool,
) -> None:
    """
    Check that the tables have all columns of the models; further columns are allowed.

    Args:
        target: the database, for the error.
        client: a connection to it.
        models: the models.
        missing_tables: whether a whole table may be missing.

    Raises:
        StartError: a table lacks a column or is missing.
    """
    have: dict[str, set[str]] = {}
    for row in await client.execute_query_dict(COLUMNS[target.dialect]):
        have.setdefault(row["name"], set()).add(row["col"])
    for model in models:
        table = model._meta.db_table
        if table not in have:
            if missing_tables:
                continue
            raise StartError(
                f"{target.shown} has no table {table}; write a migration that creates it."
            )
        lacking = sorted(model._meta.db_fields - have[table])
        if lacking:
            columns = f"column {lacking[0]}" if len(lacking) == 1 else f"columns {_list(lacking)}"
            raise StartError(
                f"The table {table} of {target.shown} has no {columns}; "
                f"add {'it' if len(lacking) == 1 else 'them'}, or use another database."
            )


def _list(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


@asynccontextmanager
async def _lock(target: Target, client: Any, wait: float) -> AsyncIterator[None]:
    """Acquire the lock for migrations during the block. It is released if the process ends."""
    if target.dialect == "sqlite":
        async with _file_lock(target, wait):
            yield
        return
    async with client.acquire_connection() as connection:
        if target.dialect == "postgres":
            try:
                await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=wait)
            except TimeoutError:
                raise _busy(target, wait) from None
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
            return
        # The scope of a lock of MySQL is the server, not the database.
        database = hashlib.sha256(target.credentials["database"].encode()).hexdigest()[:32]
        name = f"yolk-orm-{database}"
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT GET_LOCK(%s, %s)", (name, wait))
            row = await cursor.fetchone()
            if row[0] != 1:
                raise _busy(target, wait)
            try:
                yield
            finally:
                await cursor.execute("SELECT RELEASE_LOCK(%s)", (name,))


@asynccontextmanager
async def _file_lock(target: Target, wait: float) -> AsyncIterator[None]:
    path = f"{target.credentials['file_path']}-migration-lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_up = time.monotonic() + wait
        # Migrations are rare and short, so polling is good enough.
        while not _try_lock(file):
            if time.monotonic() > give_up:
                raise _busy(target, wait)
            await asyncio.sleep(0.05)
        yield
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(target: Target, wait: float) -> StartError:
    return StartError(
        f"Another process has been migrating {target.shown} for {wait:.0f} s; "
        "wait for it or end it."
    )
