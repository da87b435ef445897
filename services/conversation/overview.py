"""The entries of a user's conversation list."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import msgspec

from services.account.users import Person
from services.conversation.visibility import visible
from services.wire import WireMessage


class GroupCard(msgspec.Struct):
    """A group, as the list shows it."""

    id: int
    name: str
    avatar: str
    member_count: int


class Overview(msgspec.Struct):
    """One conversation in the list."""

    conv: str
    chat_type: str
    peer: Person | None
    """The other user; None in a group."""
    group: GroupCard | None
    last_seq: int
    join_seq: int
    read_seq: int
    delivered_seq: int
    peer_read_seq: int
    """The peer's read cursor; 0 in a group, or where the peer does not show it."""
    peer_delivered_seq: int
    unread: int
    pin_time: int
    quiet: int
    update_time: int
    place: str
    """The argument `after` for the page that begins after this conversation."""
    last: WireMessage | None
    """The last event; of a long one only the beginning of `data`."""
    is_cut: bool = False
    """Whether `last` is only the beginning."""


class Unread(msgspec.Struct):
    """Counts of unread messages."""

    total: int
    """Messages, those in muted conversations included."""
    quiet: int
    """Messages in muted conversations."""
    conversations: int
    """Conversations with unread messages."""


class Place(NamedTuple):
    """A position in the order of the list."""

    pin_time: int
    update_time: int
    conv: str

    @classmethod
    def of(cls, text: str) -> Self:
        """
        Parse an `Overview.place`.

        Raises:
            ValueError: the text is not a place.
        """
        pin_time, update_time, conv = text.split(":", 2)
        numbers = int(pin_time), int(update_time)
        if not all(0 <= number < 2**63 for number in numbers):
            raise ValueError(text)
        return cls(*numbers, conv)


def overview_of(row: dict[str, Any]) -> Overview:
    """Return the list's entry for a row of `read_overview`."""
    conv, single = row["conv"], row["chat_type"] == "single"
    peer = group = last = None
    if row["peer_id"] is not None:
        peer = Person(
            id=row["peer_id"],
            username=row["username"],
            nickname=row["nickname"] or row["username"],
            avatar=row["avatar"] or "",
            online=False,
        )
    if row["group_id"] is not None:
        group = GroupCard(
            id=row["group_id"],
            name=row["group_name"],
            avatar=row["group_avatar"],
            member_count=row["member_count"],
        )
    if row["l_id"] is not None:
        columns = {name: row[f"l_{name}"] for name in WireMessage.__struct_fields__}
        last = visible(WireMessage.of_columns(columns), row["join_seq"])
    return Overview(
        conv=conv,
        chat_type=row["chat_type"],
        peer=peer,
        group=group,
        last_seq=row["last_seq"],
        join_seq=row["join_seq"],
        read_seq=row["read_seq"],
        delivered_seq=row["delivered_seq"],
        peer_read_seq=row["peer_read_seq"] if single else 0,
        peer_delivered_seq=row["peer_delivered_seq"] if single else 0,
        unread=row["last_number"] - row["read_number"],
        pin_time=row["pin_time"],
        quiet=row["quiet"],
        update_time=row["update_time"],
        place=f"{row['pin_time']}:{row['update_time']}:{conv}",
        last=last,
    )
