"""A cache of small values in Redis, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from services import Service


class CacheService(Service):
    """A service for values and lists by key, stored as Egg's tutorial stores them."""

    async def get(self, key: str) -> Any:
        """Return the value of *key*, or None."""
        text = await self.ctx.app.redis.get(key)
        return None if text is None else msgspec.json.decode(text)

    async def set(self, key: str, value: Any, expire: int = 0) -> None:
        """
        Set *key*.

        Args:
            key: the name.
            value: anything that JSON can represent.
            expire: seconds until the key expires; 0 for never.
        """
        await self.ctx.app.redis.set(key, msgspec.json.encode(value), ex=expire or None)

    async def remove(self, key: str) -> bool:
        """Remove *key*, and return whether it existed."""
        return bool(await self.ctx.app.redis.delete(key))

    async def push(self, key: str, value: Any) -> int:
        """Append *value* to the list of *key*, and return the new length."""
        return int(await self.ctx.app.redis.rpush(key, msgspec.json.encode(value)))

    async def get_list(self, key: str) -> list[Any]:
        """Return the list of *key* in order, empty if there is none."""
        return [msgspec.json.decode(text) for text in await self.ctx.app.redis.lrange(key, 0, -1)]
