"""The keys `online_<user id>`, as Egg apps know them: there while a worker holds the user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from .store import Store
from .topics import user_topic

_ROUNDS = 5


class OnlineKeys:
    """
    Keeps the keys true.

    They are in other slots of a Cluster than the workers' register, so no script can write both
    at once: what was deleted is looked at again, and set where somebody came meanwhile.

    Args:
        store: of this worker.
        held: which topics a live worker holds.
        value: what the keys hold; a number, since Egg apps read it as JSON.
    """

    def __init__(
        self, store: Store, held: Callable[[Sequence[str]], Awaitable[list[bool]]], value: str
    ) -> None:
        self._store = store
        self._held = held
        self._value = value
        self._doubtful: set[int] = set()

    def look_after(self, user_id: int) -> None:
        """Look at this user's key again soon: ported code removes it when any socket closes."""
        self._doubtful.add(user_id)

    async def repair(self) -> None:
        """Make the keys true that `look_after` was told of."""
        doubtful, self._doubtful = self._doubtful, set()
        try:
            await self.settle(doubtful)
        except BaseException:
            self._doubtful |= doubtful
            raise

    async def settle(self, user_ids: Collection[int]) -> None:
        """Make the keys of *user_ids* true, whoever holds them."""
        wanted = list(user_ids)
        if wanted:
            held = await self._held([user_topic(user_id) for user_id in wanted])
            await self.write(dict(zip(wanted, held, strict=True)))

    async def write(self, online: dict[int, bool]) -> None:
        """
        Write keys, and look again at those that were deleted.

        Args:
            online: user id to whether a worker holds the user, as it was a moment ago.
        """
        for attempt in range(_ROUNDS):
            if not online:
                return
            await self._store.write_online(online, self._value)
            # A key that was set is deleted by whoever drops the user last. A deletion, or a key
            # set because of this very doubt, may have crossed with another worker's.
            doubtful = [user_id for user_id, there in online.items() if not there or attempt]
            if not doubtful:
                return
            held = await self._held([user_topic(user_id) for user_id in doubtful])
            online = {
                user_id: there
                for user_id, there in zip(doubtful, held, strict=True)
                if there != online[user_id]
            }
