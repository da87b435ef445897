"""The keys `online_<user id>`, as Egg apps know them: set while a user has a socket."""

from __future__ import annotations

from collections.abc import Collection

from ..topics import Topics, user_topic
from .subscription_store import SubscriptionStore

_MAX_ROUNDS = 5


class OnlineKeys:
    """
    The keys of online users, reconciled with the workers' subscriptions.

    The keys are in other slots of a Cluster than the subscriptions, so no script can write both
    at once: what was deleted is checked again, and set where the user connected meanwhile.

    Args:
        store: of this worker.
        topics: the index of this worker's sockets.
        value: the value of the keys; a number, since Egg apps read it as JSON.
    """

    def __init__(self, store: SubscriptionStore, topics: Topics, value: str) -> None:
        self._store = store
        self._topics = topics
        self._value = value
        self._marked: set[int] = set()

    def mark(self, user_id: int) -> None:
        """Mark a user whose key is checked soon: ported code deletes it when a socket closes."""
        self._marked.add(user_id)

    async def reconcile_marked(self) -> None:
        """Reconcile the keys of the marked users."""
        marked, self._marked = self._marked, set()
        try:
            await self.reconcile(marked)
        except BaseException:
            self._marked |= marked
            raise

    async def reconcile(self, user_ids: Collection[int]) -> None:
        """Reconcile the keys of *user_ids*, whichever worker they are on."""
        users = list(user_ids)
        if users:
            online = await self._store.subscribed([user_topic(user_id) for user_id in users])
            await self.write(dict(zip(users, online, strict=True)))

    async def write(self, online: dict[int, bool]) -> None:
        """
        Write keys, and check those again that another worker may have changed meanwhile.

        Args:
            online: user id to whether the user was online a moment ago.
        """
        for attempt in range(_MAX_ROUNDS):
            if not online:
                return
            await self._store.write_online(online, self._value)
            # Where this worker has a socket of the user, it deletes the key itself when the last
            # one closes. Any other write may have crossed with that of another worker.
            unsure = [
                user_id
                for user_id, is_online in online.items()
                if not is_online or attempt or user_topic(user_id) not in self._topics
            ]
            if not unsure:
                return
            now_online = await self._store.subscribed([user_topic(user_id) for user_id in unsure])
            online = {
                user_id: is_online
                for user_id, is_online in zip(unsure, now_online, strict=True)
                if is_online != online[user_id]
            }
