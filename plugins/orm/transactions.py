"""Error translation and transactions, shared by the clients of all databases."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.connection import ConnectionToken, get_connections

from yolk.concurrency import run_to_completion

from .errors import IsUnavailable, translated

log = logging.getLogger(__name__)


class Translated:
    """
    A mixin that raises `DatabaseUnavailable` when the database is unavailable.

    It is a base class in front of the client, or the transaction, of one of Tortoise's backends.
    """

    @staticmethod
    def is_unavailable(error: BaseException) -> bool:
        """Return whether an error of the driver means that the database is unavailable."""
        raise NotImplementedError

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        """Insert a row and return the result of Tortoise's client."""
        with translated(self.is_unavailable):
            return await super().execute_insert(query, values)  # type: ignore[misc]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Run a statement with many sets of values."""
        with translated(self.is_unavailable):
            await super().execute_many(query, values)  # type: ignore[misc]

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        """Run a statement."""
        with translated(self.is_unavailable):
            return await super().execute_query(query, values)  # type: ignore[misc]

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        """Run a statement and return its rows as dictionaries."""
        with translated(self.is_unavailable):
            return await super().execute_query_dict(query, values)  # type: ignore[misc,no-any-return]

    async def execute_script(self, query: str) -> None:
        """Run several statements."""
        with translated(self.is_unavailable):
            await super().execute_script(query)  # type: ignore[misc]


class PooledTransaction(TransactionContext):
    """
    A transaction on a connection of the pool, which is always returned to the pool.

    Tortoise's own does not return it when BEGIN fails, so that a short outage of the database
    empties the pool.
    """

    def __init__(self, client: Any) -> None:
        self.client: TransactionalDBClient = client
        self._parent = client._parent
        self._is_unavailable: IsUnavailable = client.is_unavailable
        self._token: ConnectionToken

    async def __aenter__(self) -> TransactionalDBClient:
        with translated(self._is_unavailable):
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
            with translated(self._is_unavailable):
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
        # The caller must see the error that led here, not that of a lost connection.
        try:
            await self.client.rollback()
        except Exception as error:  # noqa: BLE001 - another error is being raised
            log.debug("Rolling back failed: %s", error)
