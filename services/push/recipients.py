"""Who is in a conversation."""

from __future__ import annotations

from models import Group, Member
from services.wire import group

LARGEST = 200_000
"""How many people are kept in memory, over all groups."""


class Recipients:
    """
    Those whom a message in a conversation concerns.

    The members of a group are kept under the group's version, which moves with them; so what is
    kept is never old, and 5,000 of them are read once and not for every message.
    """

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, tuple[int, ...]]] = {}
        """Conversation to version and members, the longest kept first."""
        self._size = 0

    def keep(self, conv: str, version: int, users: tuple[int, ...]) -> None:
        """Keep the members that a group had under *version*."""
        _, before = self.known.pop(conv, (0, ()))
        self.known[conv] = (version, users)
        self._size += len(users) - len(before)
        while self._size > LARGEST:
            oldest = next(iter(self.known))
            self._size -= len(self.known.pop(oldest)[1])

    async def of(self, conv: str) -> tuple[int, ...]:
        """
        Give the members of a conversation; nobody, where there is none.

        Args:
            conv: a group's, or one of two people.
        """
        kind, _, rest = conv.partition(":")
        if kind == "s":
            return tuple(dict.fromkeys(int(user) for user in rest.split(":")))
        found = await Group.get_or_none(id=int(rest), dissolve_time=None)
        if found is None:
            return ()
        version, users = self.known.get(conv, (None, ()))
        if version == found.version:
            return users
        # Read after the version: they may be newer than it, which the next version corrects.
        rows = await Member.filter(conv=group(found.id)).values_list("user_id")
        users = tuple(int(row[0]) for row in rows)
        self.keep(conv, found.version, users)
        return users
