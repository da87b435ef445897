"""What the rules of chat need of a database, where models are not enough."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from tortoise.backends.base.client import BaseDBAsyncClient


class Database(Protocol):
    """What the plugin `orm` puts on the application."""

    @property
    def dialect(self) -> str:
        """Its kind: "sqlite", "postgres" or "mysql"."""

    @property
    def unavailable_errors(self) -> tuple[type[BaseException], ...]:
        """What is raised while it is away."""

    @property
    def conflict_errors(self) -> tuple[type[BaseException], ...]:
        """Those among them after which nothing is stored, and the same may succeed at once."""

    @property
    def connection(self) -> BaseDBAsyncClient:
        """Where to run SQL of one's own."""

    def transaction(self) -> AbstractAsyncContextManager[BaseDBAsyncClient]:
        """Open a transaction that writes."""

    async def write(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run a plain function in a transaction, in one hop to SQLite's thread."""
