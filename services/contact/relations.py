"""
What users may see of each other.

Two users are contacts once each of them has written to the other. Whether a user accepts a message
is another question, which `services/message/permission.py` decides: a stranger is a user to whom
the recipient never wrote.
"""

from __future__ import annotations

from typing import NamedTuple

Pair = tuple[int, int]
"""The user who looks, and the user who is looked at."""


class View(NamedTuple):
    """What one user may see of another one."""

    blocked: bool = False
    """The other user blocked this one."""
    presence: bool = True
    """Whether the other user is online."""
    receipts: bool = True
    """What the other user has read."""
    read_seq: int = 0
    """If blocked: the other user's read cursor in the conversation of the two at that time."""
    delivered_seq: int = 0
    """If blocked: the delivered cursor."""

    def read(self, seq: int) -> int:
        """Return the other user's read cursor in the conversation of the two, as it is shown."""
        if not self.receipts:
            return 0
        return min(seq, self.read_seq) if self.blocked else seq

    def delivered(self, seq: int) -> int:
        """Return the delivered cursor, as it is shown."""
        return min(seq, self.delivered_seq) if self.blocked else seq


EVERYTHING = View()
"""What users see of themselves."""
