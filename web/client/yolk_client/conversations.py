"""The names of conversations."""

from __future__ import annotations

from yolk_client.types import ChatType


def conv_of_users(first: int, second: int) -> str:
    """Return the conv of two users."""
    return f"s:{min(first, second)}:{max(first, second)}"


def conv_to(chat_type: ChatType, sender: int, to_id: int) -> str:
    """Return the conv of a message to a user or a group."""
    return conv_of_users(sender, to_id) if chat_type == "single" else f"g:{to_id}"


def peer_of(conv: str, me: int) -> int | None:
    """Return the other user of `s:<low>:<high>`, or None."""
    kind, *ids = conv.split(":")
    if kind != "s" or len(ids) != 2:
        return None
    low, high = int(ids[0]), int(ids[1])
    return high if low == me else low
