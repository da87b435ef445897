"""The commands of the chat: `python -m yolk user ...`, `python -m yolk group ...`."""

from __future__ import annotations

from datetime import datetime

import yolk
from extend.context import Context
from services.errors import Unavailable
from yolk import ApiError

SECOND_MS = 1000


class Commands(yolk.Commands[Context]):
    """The base class of the chat's commands."""

    def translate(self, error: Exception) -> ApiError | None:
        """Return `Unavailable` while the database or Redis is unavailable."""
        return Unavailable() if isinstance(error, self.ctx.unavailable_errors) else None


def show_time(time_ms: int | None) -> str:
    """Return a time in milliseconds since 1970 as text, in the local time zone."""
    if not time_ms:
        return ""
    return datetime.fromtimestamp(time_ms / SECOND_MS).astimezone().isoformat(" ", "seconds")


def show_bool(value: object) -> str:
    """Return "yes" or "no"."""
    return "yes" if value else "no"
