"""The type of `app.orm`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from tortoise.backends.base.client import BaseDBAsyncClient


class Database(Protocol):
    """The database, as the plugin `orm` provides it, for what models cannot do."""

    @property
    def dialect(self) -> str:
        """The kind of database: "sqlite", "postgres" or "mysql"."""

    @property
    def unavailable_errors(self) -> tuple[type[BaseException], ...]:
        """Errors that mean that the database is unavailable."""

    @property
    def conflict_errors(self) -> tuple[type[BaseException], ...]:
        """Those of `unavailable_errors` that left nothing stored: a retry may succeed at once."""

    @property
    def connection(self) -> BaseDBAsyncClient:
        """The connection for raw SQL."""

    def transaction(self) -> AbstractAsyncContextManager[BaseDBAsyncClient]:
        """Return a write transaction."""

    async def write(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run a function in a write transaction in SQLite's thread."""
