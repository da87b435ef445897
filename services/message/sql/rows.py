"""Messages as rows of the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.message.batch import Key, Stored
from services.wire import WireMessage

NAMES = (
    "id",
    "conv",
    "seq",
    "number",
    "from_id",
    "to_id",
    "cid",
    "chat_type",
    "type",
    "data",
    "options",
)
"""The columns that differ from message to message."""

COLUMNS = ", ".join((*NAMES, "isremove", "create_time"))


def row_values(row: Stored) -> tuple[Any, ...]:
    """Return the values of `NAMES`."""
    message = row.message
    return (
        message.id,
        message.conv,
        message.seq,
        row.number,
        message.from_id,
        message.to_id,
        message.cid,
        message.chat_type,
        message.type,
        message.data,
        row.draft.options_json,
    )


def by_key(messages: Iterable[WireMessage]) -> dict[Key, WireMessage]:
    """Return messages by their sender and `cid`."""
    return {(message.from_id, message.cid): message for message in messages}
