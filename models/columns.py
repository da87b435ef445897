"""Columns that several tables share."""

from __future__ import annotations

import time
from typing import Any

from tortoise.fields import CharField


class ExactCharField(CharField[Any]):
    """
    A text that equals only itself: "Ada" and "ada" are two.

    MySQL and MariaDB compare text without case unless told otherwise; SQLite and PostgreSQL
    compare it exactly. (Blanks at the end still do not count on MySQL and MariaDB, so whoever
    lets such a text in refuses them.)
    """

    class _db_mysql:  # noqa: N801 - Tortoise looks for this name
        """What is different on MySQL and MariaDB."""

        def __init__(self, field: CharField[Any]) -> None:
            self.field = field

        @property
        def SQL_TYPE(self) -> str:  # noqa: N802 - and for this one
            """The column's type."""
            length = self.field.max_length
            return f"VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def milliseconds() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
