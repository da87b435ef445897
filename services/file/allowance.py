"""How many bytes of a person are on the way, on all workers together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from services.errors import TooManyBytes

if TYPE_CHECKING:
    from services.redis import Redis

PREFIX = "files_on_the_way_"

_TAKE = """
local now, mine, bytes, limit = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local sum, last = bytes, tonumber(ARGV[5])
local all = redis.call('HGETALL', KEYS[1])
for place = 1, #all, 2 do
  local counted, ends = string.match(all[place + 1], '^(%d+) (%d+)$')
  if tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], all[place])
  elseif all[place] ~= mine then
    sum = sum + tonumber(counted)
    last = math.max(last, tonumber(ends))
  end
end
if sum > limit then return 0 end
redis.call('HSET', KEYS[1], mine, ARGV[3] .. ' ' .. ARGV[5])
redis.call('EXPIREAT', KEYS[1], last)
return 1
"""


class Allowance:
    """
    Counts the bytes of each person's uploads that are not finished.

    What was taken and is not given back, because a process died, ends by itself.

    Args:
        redis: where it is counted.
        limit: bytes of one person.
    """

    def __init__(self, redis: Redis, limit: int) -> None:
        self._redis = redis
        self._limit = limit
        self._take: Any = redis.register_script(_TAKE)

    async def take(self, user_id: int, upload: str, size: int, seconds: float) -> None:
        """
        Count *size* bytes for an upload, in place of what was counted for it before.

        Args:
            user_id: whose.
            upload: its id.
            size: all bytes that it has, or will have soon.
            seconds: for how long, unless it is said again.

        Raises:
            TooManyBytes: with these it would be more than one person may have on the way.
        """
        now = int(time.time())
        values = [now, upload, size, self._limit, now + int(seconds) + 1]
        if not await self._take(keys=[f"{PREFIX}{user_id}"], args=values):
            raise TooManyBytes

    async def give_back(self, user_id: int, upload: str) -> None:
        """Count an upload no more."""
        await self._redis.hdel(f"{PREFIX}{user_id}", upload)
