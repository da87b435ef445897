"""
What workers keep in Redis about each other, and the calls that touch it.

All keys share one hash tag, so that a script may touch them together in a Cluster as well:

    <prefix>:{bus}:workers         worker -> when its lease ends (ms, by Redis' clock)
    <prefix>:{bus}:held:<worker>   the topics that the worker has sockets in
    <prefix>:{bus}:stream:<worker> what others sent to these topics, read by that worker
    <prefix>:{bus}:sequences       worker -> number of the last entry in its stream
    <prefix>:{bus}:published       worker -> number of the last batch that it sent
    <prefix>:{bus}:devices         topic of a user -> id of the socket that is the only device

Beside them, as Egg apps know it: `online_<user id>`, a plain string, one key a user.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from .backplane import BackplaneAway
from .scripts import Script


class Store:
    """
    Runs the scripts for one worker, each within bounded time.

    Args:
        redis: redis-py's asyncio client, of a single server, Sentinel or a Cluster.
        prefix: what all keys begin with.
        worker: this worker's id.
        timeout: seconds for an answer.
    """

    def __init__(self, redis: Any, prefix: str, worker: str, timeout: float) -> None:
        self.redis = redis
        self.base = f"{prefix}:{{bus}}:"
        self.worker = worker
        self.timeout = timeout

    async def run(self, script: Script, *arguments: str | bytes | int) -> Any:
        """
        Run *script* with *arguments*.

        Raises:
            BackplaneAway: no answer came in time.
        """
        values = (1, f"{self.base}workers", self.base, self.worker, *arguments)
        try:
            async with asyncio.timeout(self.timeout):
                try:
                    return await self.redis.evalsha(script.sha, *values)
                except NoScriptError:
                    return await self.redis.eval(script.text, *values)
        except (RedisError, OSError, TimeoutError) as error:
            raise away(error) from error

    async def topics_held(self) -> set[str]:
        """Give the topics that Redis says this worker holds."""
        try:
            async with asyncio.timeout(self.timeout):
                held = await self.redis.smembers(f"{self.base}held:{self.worker}")
        except (RedisError, OSError, TimeoutError) as error:
            raise away(error) from error
        return {text(topic) for topic in held}

    async def write_online(self, online: dict[int, bool], value: str) -> None:
        """
        Write the keys `online_<user id>`.

        Args:
            online: user id to whether the key is to be there.
            value: what it is to hold.
        """
        there = {f"online_{user_id}": value for user_id, is_on in online.items() if is_on}
        gone = [f"online_{user_id}" for user_id, is_on in online.items() if not is_on]
        # One command, which costs less than a pipeline of many. In a Cluster, whose keys lie in
        # several slots, the client has a call of its own for it.
        set_all = getattr(self.redis, "mset_nonatomic", self.redis.mset)
        try:
            async with asyncio.timeout(self.timeout):
                if there:
                    await set_all(there)
                if gone:
                    await self.redis.delete(*gone)
        except (RedisError, OSError, TimeoutError) as error:
            raise away(error) from error


def away(error: BaseException) -> BackplaneAway:
    """Give the error that callers know for one of redis-py's."""
    return BackplaneAway(f"Redis did not answer: {type(error).__name__}: {error}")


def text(value: bytes | str) -> str:
    """Read a text of Redis', whether or not the client decodes."""
    return value.decode() if isinstance(value, bytes) else value
