"""Pages of rows that belong to one user each, such as members."""

from __future__ import annotations

from typing import TypeVar

from tortoise import Model
from tortoise.queryset import QuerySet

Row = TypeVar("Row", bound=Model)


async def page_by_user(rows: QuerySet[Row], after: int, limit: int) -> tuple[list[Row], bool]:
    """
    Return a page of rows by user id, and whether there are more.

    Args:
        rows: all rows.
        after: only rows of users with a greater id.
        limit: the largest number of rows.
    """
    found = await rows.filter(user_id__gt=after).order_by("user_id").limit(limit + 1)
    return found[:limit], len(found) > limit
