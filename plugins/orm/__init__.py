"""The database: Tortoise ORM with SQLite, PostgreSQL, MySQL or MariaDB."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from tortoise.context import TortoiseContext

from yolk import Plugin, StartError

from .database import Database
from .errors import DatabaseUnavailable, reason
from .migrate import migrate
from .models import Models, load_models
from .url import Target, parse_url, sqlite_target

__all__ = ["Database", "DatabaseUnavailable", "Models", "OrmPlugin", "OrmSettings", "plugin"]

APP = "models"
"""Tortoise's name for the models; the table of applied migrations contains it, too."""

Seconds = Annotated[float, Meta(gt=0)]


class OrmSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The database."""

    url: str | None = None
    """The database's URL: `sqlite://path`, `postgres://user:password@host/database` or
    `mysql://...`; by default SQLite in the data folder."""
    models: tuple[str, ...] = ("models",)
    """The modules that contain the models."""
    migrations: str = "models.migrations"
    """The package that contains the migrations."""
    pool_min: Annotated[int, Meta(ge=0)] = 1
    """The number of connections that each worker keeps open (PostgreSQL, MySQL, MariaDB)."""
    pool_max: Annotated[int, Meta(ge=2)] = 8
    """The largest number of connections of each worker (PostgreSQL, MySQL, MariaDB)."""
    connect_timeout: Seconds = 10.0
    """How long to wait for a connection before the database counts as unavailable, in seconds."""
    query_timeout: Seconds = 30.0
    """The time limit of a statement, in seconds; on SQLite, of waiting for another program's
    lock."""
    migration_timeout: Seconds = 300.0
    """How long a start waits for another process that migrates, in seconds."""


class OrmPlugin(Plugin):
    """
    Migrates the database at the start, and opens it in every worker.

    Adds `app.orm` (a `Database`) and `app.model` (the models by name).
    """

    name = "orm"
    Settings = OrmSettings
    environment = {"DATABASE_URL": "url"}

    settings: OrmSettings
    database: Database | None = None

    def config_will_load(self) -> None:
        if self.settings.pool_min > self.settings.pool_max:
            raise StartError(
                f"orm.pool_min ({self.settings.pool_min}) is more than orm.pool_max "
                f"({self.settings.pool_max}); lower it or raise the other."
            )

    def config_did_load(self) -> None:
        self.models = load_models(self.settings.models)
        self.app.provide("model", self.models)

    async def did_load(self) -> None:
        target = self._target()
        try:
            await migrate(
                target,
                self._config(target, migrating=True),
                self.models,
                self.settings.migration_timeout,
            )
            self.database = await self._open(target)
        except StartError:
            raise
        except Exception as error:
            raise StartError(
                f"The database {target.shown} cannot be used ({self._reason(target, error)}); "
                "start it or correct DATABASE_URL."
            ) from error
        self.app.provide("orm", self.database)

    async def before_close(self) -> None:
        if self.database is not None:
            await self.database.close()
            self.database = None

    async def _open(self, target: Target) -> Database:
        context = TortoiseContext()
        try:
            # Handlers run in tasks without this context, so it is the process's fallback, too.
            with context:
                await context.init(
                    self._config(target, migrating=False), _enable_global_fallback=True
                )
            # The pool opens with the first query: fail now rather than in a request.
            await context.db(target.dialect).execute_query("SELECT 1")
        except BaseException:
            await context.close_connections()
            raise
        return Database(target, context)

    def _target(self) -> Target:
        if self.settings.url is None:
            return sqlite_target(self.app.data_dir / "yolk.sqlite3")
        return parse_url(self.settings.url, self.app.root)

    def _config(self, target: Target, *, migrating: bool) -> dict[str, Any]:
        """
        Return Tortoise's configuration.

        Args:
            target: the database.
            migrating: whether the connections are for migrations. These have no time limit. And
                on SQLite foreign keys are not enforced, because migrations rebuild tables, and
                dropping the old table would delete the rows that refer to it.
        """
        settings = self.settings
        query_timeout = None if migrating else settings.query_timeout
        options: dict[str, Any]
        if target.dialect == "sqlite":
            engine = "engine_sqlite"
            options = {
                "busy_timeout": int(settings.query_timeout * 1000),
                "journal_mode": "WAL",
                "synchronous": "FULL",
                "foreign_keys": "OFF" if migrating else "ON",
                # What is deleted is overwritten in the file, as a build of SQLite may not do.
                "secure_delete": "ON",
                # The size of the log file after a checkpoint; growing it again costs time.
                "journal_size_limit": 64 * 1024 * 1024,
            }
        elif target.dialect == "postgres":
            engine = "engine_asyncpg"
            options = {
                "application_name": "yolk",
                "min_size": settings.pool_min,
                "max_size": settings.pool_max,
                "timeout": settings.connect_timeout,
                "command_timeout": query_timeout,
            }
        else:
            engine = "engine_mysql"
            options = {
                "charset": "utf8mb4",
                "minsize": settings.pool_min,
                "maxsize": settings.pool_max,
                "connect_timeout": settings.connect_timeout,
                "read_timeout": query_timeout,
                "pool_recycle": 1800,
                # As PostgreSQL does by default: a transaction sees what others committed.
                "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            }
        connection = {
            "engine": f"{__name__}.{engine}",
            "credentials": {**options, **target.credentials},
        }
        app = {
            "models": list(settings.models),
            "migrations": settings.migrations,
            "default_connection": target.dialect,
        }
        # The connection is named after the dialect, because Tortoise caches SQL by the connection's
        # name for the lifetime of the process.
        return {"connections": {target.dialect: connection}, "apps": {APP: app}}

    def _reason(self, target: Target, error: BaseException) -> str:
        text = reason(error)
        password = target.credentials.get("password")
        return text.replace(password, "***") if password else text


plugin = OrmPlugin
