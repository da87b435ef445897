"""PostgreSQL, through asyncpg."""

from __future__ import annotations

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext

from .errors import is_postgres_unavailable
from .transactions import PooledTransaction, Translated


async def _reset_if_needed(connection: asyncpg.Connection) -> None:
    """
    Reset a connection that returns to the pool, if it is in a transaction.

    asyncpg's own reset costs one more round trip for each statement, for session settings,
    advisory locks and listeners that nothing here leaves behind.
    """
    if connection.is_in_transaction():
        await connection.reset()


class PostgresTransaction(Translated, TransactionWrapper):
    """One transaction."""

    is_unavailable = staticmethod(is_postgres_unavailable)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(PostgresTransaction(self))


class PostgresClient(Translated, AsyncpgDBClient):
    """A worker's pool of connections."""

    is_unavailable = staticmethod(is_postgres_unavailable)

    async def create_pool(self, **options: Any) -> asyncpg.Pool:
        return await super().create_pool(reset=_reset_if_needed, **options)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(PostgresTransaction(self))


client_class = PostgresClient
