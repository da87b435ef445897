"""PostgreSQL, through asyncpg."""

from __future__ import annotations

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext

from .errors import postgres_is_away
from .transactions import PooledTransaction, Translated


async def _reset_if_needed(connection: asyncpg.Connection) -> None:
    """
    Take a connection back into the pool.

    asyncpg's own way costs one more round trip for each statement, to undo what nobody does here:
    no session setting, no advisory lock, no listener outlives its statement.
    """
    if connection.is_in_transaction():
        await connection.reset()


class PostgresTransaction(Translated, TransactionWrapper):
    """One transaction."""

    is_away = staticmethod(postgres_is_away)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(PostgresTransaction(self))


class PostgresClient(Translated, AsyncpgDBClient):
    """A worker's pool of connections."""

    is_away = staticmethod(postgres_is_away)

    async def create_pool(self, **options: Any) -> asyncpg.Pool:
        return await super().create_pool(reset=_reset_if_needed, **options)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(PostgresTransaction(self))


client_class = PostgresClient
