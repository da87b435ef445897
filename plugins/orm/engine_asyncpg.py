"""PostgreSQL, through asyncpg."""

from __future__ import annotations

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext

from .errors import postgres_is_away
from .transactions import PooledTransaction, Translated


class PostgresTransaction(Translated, TransactionWrapper):
    """One transaction."""

    is_away = staticmethod(postgres_is_away)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(PostgresTransaction(self))


class PostgresClient(Translated, AsyncpgDBClient):
    """A worker's pool of connections."""

    is_away = staticmethod(postgres_is_away)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(PostgresTransaction(self))


client_class = PostgresClient
