"""What clients see: messages, pushed frames, and the names of conversations."""

from __future__ import annotations

from typing import Any

import msgspec

from models import Message


class WireMessage(msgspec.Struct, frozen=True):
    """A stored message or event, with the fields and units of the protocol."""

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
    """When it was last edited; left out if it never was."""

    @classmethod
    def of(cls, row: Message) -> WireMessage:
        """Return the message of a model."""
        return cls.of_columns(vars(row))

    @classmethod
    def of_columns(cls, row: Any) -> WireMessage:
        """
        Return the message of a row.

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


class Push(msgspec.Struct, frozen=True):
    """A frame that the client did not ask for."""

    type: str
    data: object
    timestamp: int


def single_conv(user_id: int, other_id: int) -> str:
    """Return the name of the conversation of two users."""
    return f"s:{min(user_id, other_id)}:{max(user_id, other_id)}"


def group_conv(group_id: int) -> str:
    """Return the name of a group's conversation."""
    return f"g:{group_id}"


def single_users(conv: str) -> tuple[int, ...]:
    """Return the two users of "s:<low>:<high>", one if both are the same; else none."""
    kind, *ids = conv.split(":")
    users = tuple(int(one) for one in ids if one.isascii() and one.isdigit())
    return tuple(dict.fromkeys(users)) if kind == "s" and len(ids) == len(users) == 2 else ()
