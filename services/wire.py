"""Messages as clients see them."""

from __future__ import annotations

from typing import Any

import msgspec

from models import Message


class WireMessage(msgspec.Struct, frozen=True):
    """One message, with the fields and units that the protocol gives it."""

    id: str
    conv: str
    seq: int
    cid: str | None
    from_id: int
    to_id: int
    chat_type: str
    type: str
    data: str
    options: msgspec.Raw | None
    create_time: int
    isremove: int = 0
    edit_time: int | msgspec.UnsetType = msgspec.UNSET
    """When it was last edited; left out where it never was."""

    @classmethod
    def of(cls, row: Message) -> WireMessage:
        """Show a stored message."""
        return cls.of_columns(vars(row))

    @classmethod
    def of_columns(cls, row: Any) -> WireMessage:
        """
        Show a stored message.

        Args:
            row: the columns of the table, by name.
        """
        options = row["options"]
        return cls(
            id=str(row["id"]),
            conv=row["conv"],
            seq=row["seq"],
            cid=row["cid"],
            from_id=row["from_id"],
            to_id=row["to_id"],
            chat_type=row["chat_type"],
            type=row["type"],
            data=row["data"],
            options=msgspec.Raw(options.encode()) if options else None,
            create_time=row["create_time"],
            isremove=row["isremove"],
            edit_time=row["edit_time"] or msgspec.UNSET,
        )


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender is told once a message is committed."""

    id: str
    conv: str
    seq: int
    create_time: int
    dup: bool
    changed: bool = False
    """The server or a plugin made something else of it: left out where not."""


class Push(msgspec.Struct, frozen=True):
    """A frame that nobody asked for."""

    type: str
    data: object
    timestamp: int


def single(first: int, second: int) -> str:
    """Name the conversation of two people."""
    return f"s:{min(first, second)}:{max(first, second)}"


def group(group_id: int) -> str:
    """Name the conversation of a group."""
    return f"g:{group_id}"


def pair(conv: str) -> tuple[int, ...]:
    """Give the two of "s:<low>:<high>", or the one who writes to oneself; else nobody."""
    kind, *ids = conv.split(":")
    found = tuple(int(one) for one in ids if one.isascii() and one.isdigit())
    return tuple(dict.fromkeys(found)) if kind == "s" and len(ids) == len(found) == 2 else ()
