"""MySQL and MariaDB, through asyncmy."""

from __future__ import annotations

import logging

from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper

from .errors import is_mysql_unavailable
from .transactions import PooledTransaction, Translated

# What it logs below that are notes of the database, such as that a table of CREATE TABLE IF NOT
# EXISTS exists; some contain values of rows. Errors are raised.
logging.getLogger("asyncmy").setLevel(logging.ERROR)


class MySQLTransaction(Translated, TransactionWrapper):
    """One transaction."""

    is_unavailable = staticmethod(is_mysql_unavailable)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(MySQLTransaction(self))


class MySQLPool(Translated, MySQLClient):
    """A worker's pool of connections."""

    is_unavailable = staticmethod(is_mysql_unavailable)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(MySQLTransaction(self))


client_class = MySQLPool
