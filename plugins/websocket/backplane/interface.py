"""The interface between the sockets of one worker and those of all others."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from .payload import Close, Message, Payload


class BackplaneUnavailable(ConnectionError):
    """Redis did not answer in time; the same call may succeed later."""


class Change(msgspec.Struct, frozen=True):
    """A change of this worker's subscriptions that the other workers have to know."""

    topic: str
    """The topic that this worker may have begun or ceased to be subscribed to."""
    take: str = ""
    """The socket that becomes its user's only device."""
    drop: str = ""
    """A socket that ceases to be its user's only device."""
    notice: Close | None = None
    """The close notice for the previous only device."""


class Backplane(Protocol):
    """
    The other workers, as one worker sees them.

    A worker is subscribed to a topic while one of its sockets is in it.
    """

    async def start(self) -> None:
        """Register this worker and begin to receive from the others."""

    async def stop(self) -> None:
        """Remove this worker's entries."""

    def publish(self, topic: str, payload: Payload) -> None:
        """
        Send *payload* to all other workers that are subscribed to *topic*. Never waits.

        A droppable message is left out while other messages wait.
        """

    def publish_to_users(self, user_ids: AbstractSet[int], message: Message) -> None:
        """Send *message* once to each other worker where some of these users have sockets."""

    def fill(self) -> float:
        """Return how full the queue of messages to other workers is, from 0 to 1."""

    async def confirm(self, topic: str) -> None:
        """
        Wait until the others know that this worker is subscribed to *topic*.

        Raises:
            BackplaneUnavailable: they could not be notified in time.
        """

    async def apply(self, change: Change) -> int:
        """
        Notify the others of *change*, and wait until they know.

        Returns:
            how many sockets the topic's user has on other workers.

        Raises:
            BackplaneUnavailable: they could not be notified in time.
        """

    def apply_soon(self, change: Change) -> None:
        """Notify the others of *change* without waiting; a failure is repaired later."""

    async def subscribed(self, topics: Sequence[str]) -> list[bool]:
        """
        Return for each of *topics* whether any worker is subscribed to it.

        Raises:
            BackplaneUnavailable: Redis did not answer in time.
        """
