"""What the connections of all three databases have in common."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.connection import ConnectionToken, get_connections

from yolk.concurrency import run_to_completion

from .errors import IsAway, translated

log = logging.getLogger(__name__)


class Translated:
    """
    A mixin before Tortoise's client: a database that is away raises `DatabaseUnavailable`.

    It stands before the client or the transaction of one of Tortoise's backends.
    """

    @staticmethod
    def is_away(error: BaseException) -> bool:
        """Judge an error of the driver."""
        raise NotImplementedError

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        """Insert a row and give what Tortoise's client does."""
        with translated(self.is_away):
            return await super().execute_insert(query, values)  # type: ignore[misc]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Run a statement with many sets of values."""
        with translated(self.is_away):
            await super().execute_many(query, values)  # type: ignore[misc]

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        """Run a statement."""
        with translated(self.is_away):
            return await super().execute_query(query, values)  # type: ignore[misc]

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        """Run a statement and give its rows as dictionaries."""
        with translated(self.is_away):
            return await super().execute_query_dict(query, values)  # type: ignore[misc,no-any-return]

    async def execute_script(self, query: str) -> None:
        """Run several statements."""
        with translated(self.is_away):
            await super().execute_script(query)  # type: ignore[misc]


class PooledTransaction(TransactionContext):
    """
    A transaction on a connection of the pool, which goes back whatever happens.

    Tortoise's own keeps the connection for good when the BEGIN fails, so that a short absence of
    the database empties the pool.
    """

    def __init__(self, client: Any) -> None:
        self.client: TransactionalDBClient = client
        self._parent = client._parent
        self._is_away: IsAway = client.is_away
        self._token: ConnectionToken

    async def __aenter__(self) -> TransactionalDBClient:
        with translated(self._is_away):
            self._checkout = self._parent.acquire_connection()
            self.client._connection = await self._checkout.__aenter__()
            try:
                await self.client.begin()
            except BaseException:
                await run_to_completion(self._checkout.__aexit__(None, None, None))
                raise
        self._token = get_connections().set(self.client.connection_name, self.client)
        return self.client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with translated(self._is_away):
                if self.client._finalized:
                    return
                if kind is None:
                    await self.client.commit()
                else:
                    await self._roll_back()
        finally:
            get_connections().reset(self._token)
            await run_to_completion(self._checkout.__aexit__(None, None, None))

    async def _roll_back(self) -> None:
        # What made us roll back is what the caller must see, not that the connection is gone.
        try:
            await self.client.rollback()
        except Exception as error:  # noqa: BLE001 - the boundary of what failed already
            log.debug("Rolling back failed: %s", error)
