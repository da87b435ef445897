"""
The keys that workers share in Redis, and the calls that read and write them.

All keys share one hash tag, so that a script may use them together in a Cluster as well:

    <prefix>:{bus}:workers         worker -> when its lease ends (ms, by Redis' clock)
    <prefix>:{bus}:held:<worker>   the topics that the worker is subscribed to
    <prefix>:{bus}:counts:<worker> topic of a user -> number of the user's sockets, if above one
    <prefix>:{bus}:stream:<worker> what others sent to these topics, read by that worker
    <prefix>:{bus}:sequences       worker -> number of the last entry in its stream
    <prefix>:{bus}:published       worker -> number of the last batch that it sent
    <prefix>:{bus}:devices         topic of a user -> id of the socket that is the only device

Beside them, as Egg apps know it: `online_<user id>`, a plain string, one key per user.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from ..settings import WebSocketSettings
from .interface import BackplaneUnavailable
from .scripts import SUBSCRIBED, Script

_MAX_TOPICS = 2000
"""Topics of one call: a script blocks Redis while it runs."""

_STREAM_EXPIRY_LEASES = 10
"""Leases after which the stream of a worker that is gone expires."""


class SubscriptionStore:
    """
    The calls of one worker to Redis, each with a timeout.

    Args:
        redis: returns redis-py's asyncio client, of a single server, Sentinel or a Cluster.
        worker: this worker's id.
        settings: the keys' prefix, and the limits.
    """

    def __init__(self, redis: Callable[[], Any], worker: str, settings: WebSocketSettings) -> None:
        self._redis = redis
        self._base = f"{settings.redis_prefix}:{{bus}}:"
        self.worker = worker
        self.timeout = settings.redis_timeout
        self.lease_ms = int(settings.lease * 1000)
        self.stream = f"{self._base}stream:{worker}"
        """The key of this worker's stream."""
        self.stream_limits = (settings.max_stream, self.lease_ms * _STREAM_EXPIRY_LEASES)
        """Entries of a stream, and milliseconds until an abandoned one expires: for scripts."""

    @property
    def redis(self) -> Any:
        """The client."""
        return self._redis()

    async def run(self, script: Script, *arguments: str | bytes | int) -> Any:
        """
        Run *script* with *arguments*.

        Raises:
            BackplaneUnavailable: no answer came in time.
        """
        redis = self.redis
        values = (1, f"{self._base}workers", self._base, self.worker, *arguments)
        async with self._answer_in_time():
            try:
                return await redis.evalsha(script.sha, *values)
            except NoScriptError:
                return await redis.eval(script.text, *values)

    async def subscribed(self, topics: Sequence[str]) -> list[bool]:
        """
        Return for each of *topics* whether a live worker is subscribed to it.

        Raises:
            BackplaneUnavailable: no answer came in time.
        """
        answers: list[bool] = []
        for start in range(0, len(topics), _MAX_TOPICS):
            some = topics[start : start + _MAX_TOPICS]
            answers += [answer == 1 for answer in await self.run(SUBSCRIBED, *some)]
        return answers

    async def own_topics(self) -> set[str]:
        """
        Return the topics that this worker is subscribed to, as far as Redis knows.

        Raises:
            BackplaneUnavailable: no answer came in time.
        """
        async with self._answer_in_time():
            topics = await self.redis.smembers(f"{self._base}held:{self.worker}")
        return {text(topic) for topic in topics}

    async def forget_counts(self) -> None:
        """
        Delete the numbers of this worker's sockets: they are about to be written again.

        Raises:
            BackplaneUnavailable: no answer came in time.
        """
        async with self._answer_in_time():
            await self.redis.delete(f"{self._base}counts:{self.worker}")

    async def write_online(self, online: dict[int, bool], value: str) -> None:
        """
        Set and delete the keys `online_<user id>`.

        Args:
            online: user id to whether the key is to exist.
            value: the value of the keys.

        Raises:
            BackplaneUnavailable: no answer came in time.
        """
        new = {f"online_{user_id}": value for user_id, is_online in online.items() if is_online}
        old = [f"online_{user_id}" for user_id, is_online in online.items() if not is_online]
        redis = self.redis
        # One command, which costs less than a pipeline of many. In a Cluster, whose keys lie in
        # several slots, the client has a call of its own for it.
        set_all = getattr(redis, "mset_nonatomic", redis.mset)
        async with self._answer_in_time():
            if new:
                await set_all(new)
            if old:
                await redis.delete(*old)

    @asynccontextmanager
    async def _answer_in_time(self) -> AsyncIterator[None]:
        """Raise `BackplaneUnavailable` if Redis fails or does not answer in time."""
        try:
            async with asyncio.timeout(self.timeout):
                yield
        except (RedisError, OSError, TimeoutError) as error:
            raise BackplaneUnavailable(
                f"Redis did not answer: {type(error).__name__}: {error}"
            ) from error


def text(value: bytes | str) -> str:
    """Decode a text of Redis, whether or not the client decodes."""
    return value.decode() if isinstance(value, bytes) else value
