"""The function that stores a batch of messages in one transaction, for each database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.database import Database
from services.message.batch import Batch, Conflict
from services.message.sql.mysql import store_in_mysql
from services.message.sql.postgres import store_in_postgres
from services.message.sql.sqlite import store_in_sqlite

Store = Callable[[Batch], Awaitable[None]]
"""Stores a batch and commits it, or raises and leaves nothing."""


def store_for(database: Database, strangers: str) -> Store:
    """
    Return the function that stores batches in *database*.

    It raises one of the database's `unavailable_errors`; `IntegrityError` if another worker stored
    the same message at the same time; or `Conflict` if another worker created the same
    conversation, or the two deadlocked.

    Args:
        database: where to store.
        strangers: the setting `chat.strangers`, for users without a preference.
    """

    async def to_sqlite(batch: Batch) -> None:
        await database.write(lambda connection: store_in_sqlite(connection, batch, strangers))

    async def to_postgres(batch: Batch) -> None:
        async with database.transaction() as connection:
            await store_in_postgres(connection, batch, strangers)

    async def to_mysql(batch: Batch) -> None:
        async with database.transaction() as connection:
            await store_in_mysql(connection, batch, strangers)

    stores = {"sqlite": to_sqlite, "postgres": to_postgres, "mysql": to_mysql}
    store_batch = stores[database.dialect]

    async def store(batch: Batch) -> None:
        try:
            await store_batch(batch)
        except database.conflict_errors as error:
            raise Conflict from error

    return store
