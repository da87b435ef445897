"""A conversation of the model: a list of entries, and its members."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Entry:
    """A message, a change of one, or an event of a group."""

    conv: str
    seq: int
    number: int
    """Number of messages up to this entry."""
    kind: str
    from_id: int
    data: str = ""
    cid: str | None = None
    reply_to: str | None = None
    target: Entry | None = None
    event: str | None = None
    removed: bool = False
    edited: bool = False
    id: str | None = None
    """Assigned by the server; None until then."""

    @property
    def is_message(self) -> bool:
        """Whether it is a message that a user wrote."""
        return self.kind == "text"

    def shown(self, join: int = 0) -> dict[str, Any]:
        """Return what a client sees of it, without times, if its user joined after *join*."""
        options: dict[str, Any] = {}
        if self.reply_to is not None and not self.removed:
            options = {"reply_to": self.reply_to}
        if self.target is not None:
            options = {"target": self.target.id}
        if self.event is not None:
            options = {"event": self.event}
        return {
            "conv": self.conv,
            "seq": self.seq,
            "type": self.kind,
            "from_id": self.from_id,
            "data": "" if self.target is not None and self.target.seq <= join else self.data,
            "cid": self.cid,
            "isremove": int(self.removed),
            "edited": self.edited,
            "options": options,
        }


@dataclass
class Seat:
    """A member."""

    role: int = 0
    join: int = 0
    delivered: int = 0
    read: int = 0
    counted: int = 0
    """Number of messages up to `read`, and of own messages after it."""


@dataclass
class Conversation:
    """A conversation of two users, or of a group."""

    conv: str
    group: int | None = None
    history: bool = True
    is_open: bool = False
    """Whether everybody may join."""
    entries: list[Entry] = field(default_factory=list)
    seats: dict[int, Seat] = field(default_factory=dict)
    excluded: set[int] = field(default_factory=set)
    """Removed users whom no admin has invited again."""

    @property
    def last(self) -> int:
        """The seq of the last entry."""
        return len(self.entries)

    @property
    def number(self) -> int:
        """Number of messages."""
        return self.entries[-1].number if self.entries else 0

    def append(self, kind: str, from_id: int, **columns: Any) -> Entry:
        """Add an entry."""
        counts = int(kind == "text")
        entry = Entry(self.conv, self.last + 1, self.number + counts, kind, from_id, **columns)
        self.entries.append(entry)
        return entry

    def after(self, seq: int, upto: int | None = None) -> list[Entry]:
        """Return the entries after a seq."""
        return self.entries[seq:upto]

    def unread(self, user: int) -> int:
        """Return the number of messages that a member has not read."""
        return self.number - self.seats[user].counted
