"""The recipients of pushes: the members of conversations."""

from __future__ import annotations

from models import Group, Member
from services.wire import single_users

MAX_KNOWN_MEMBERS = 200_000
"""Members that are kept in memory, over all groups."""


class Recipients:
    """
    A cache of the members of conversations.

    The members of a group are cached with the group's version, which changes whenever they do. So
    the cache is never out of date, and 5,000 members are not read again for every message.
    """

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, tuple[int, ...]]] = {}
        """Conversation to version and members, the oldest first."""
        self._size = 0

    def keep(self, conv: str, version: int, users: tuple[int, ...]) -> None:
        """Cache the members that a group had under *version*."""
        _, before = self.known.pop(conv, (0, ()))
        self.known[conv] = (version, users)
        self._size += len(users) - len(before)
        while self._size > MAX_KNOWN_MEMBERS:
            oldest = next(iter(self.known))
            self._size -= len(self.known.pop(oldest)[1])

    async def of(self, conv: str) -> tuple[int, ...]:
        """
        Return the members of a conversation; none if there is no such conversation.

        Args:
            conv: a group's, or one of two users.
        """
        if conv.startswith("s:"):
            return single_users(conv)
        group = await Group.get_or_none(id=int(conv.partition(":")[2]), dissolve_time=None)
        return () if group is None else await self.of_group(conv, group.version)

    async def of_group(self, conv: str, version: int) -> tuple[int, ...]:
        """
        Return the members of a group.

        Args:
            conv: the group's conversation.
            version: the group's, read just now.
        """
        known_version, users = self.known.get(conv, (None, ()))
        if known_version == version:
            return users
        # Read after the version: they may be newer, which the next version corrects.
        rows = await Member.filter(conv=conv).values_list("user_id")
        users = tuple(int(row[0]) for row in rows)
        self.keep(conv, version, users)
        return users
