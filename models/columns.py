"""Column types and defaults that several tables share."""

from __future__ import annotations

import time
from typing import Any

from tortoise.fields import CharField


class ExactCharField(CharField[Any]):
    """
    A text column with exact comparison: "Ada" and "ada" differ.

    MySQL and MariaDB ignore case by default; SQLite and PostgreSQL compare exactly. MySQL and
    MariaDB still ignore trailing blanks, so such texts are refused where they are received.
    """

    class _db_mysql:  # noqa: N801 - Tortoise looks for this name
        """The column on MySQL and MariaDB."""

        def __init__(self, field: CharField[Any]) -> None:
            self.field = field

        @property
        def SQL_TYPE(self) -> str:  # noqa: N802 - and for this one
            """The column's type."""
            length = self.field.max_length
            return f"VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


class SortedCharField(CharField[Any]):
    """
    A text column with exact comparison, ordered by code points on every database.

    PostgreSQL orders texts by the language of the database otherwise, and MySQL and MariaDB ignore
    case: a range of the index would not be all texts with the same beginning.
    """

    class _db_mysql(ExactCharField._db_mysql):  # noqa: N801 - Tortoise looks for this name
        """The column on MySQL and MariaDB."""

    class _db_postgres:  # noqa: N801 - Tortoise looks for this name
        """The column on PostgreSQL."""

        def __init__(self, field: CharField[Any]) -> None:
            self.field = field

        @property
        def SQL_TYPE(self) -> str:  # noqa: N802 - and for this one
            """The column's type."""
            return f'VARCHAR({self.field.max_length}) COLLATE "C"'


def milliseconds() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
