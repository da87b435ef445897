"""The limits on each user's uploads in progress, on all workers together, and on kept files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.functions import Count, Sum

from models import File, User
from services.database import Database
from services.errors import FileSpaceFull, TooManyBytes

if TYPE_CHECKING:
    from services.redis import Redis

PREFIX = "upload_quota_"
"""The prefix of the Redis keys: a hash for each user, from upload ids to "bytes expire_time"."""

_RESERVE = """
local now, upload, bytes, limit = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local sum, last, count = bytes, tonumber(ARGV[5]), 1
local all = redis.call('HGETALL', KEYS[1])
for place = 1, #all, 2 do
  local reserved, expire_time = string.match(all[place + 1], '^(%d+) (%d+)$')
  if tonumber(expire_time) <= now then
    redis.call('HDEL', KEYS[1], all[place])
  elseif all[place] ~= upload then
    sum = sum + tonumber(reserved)
    last = math.max(last, tonumber(expire_time))
    count = count + 1
  end
end
if sum > limit or count > tonumber(ARGV[6]) then return 0 end
redis.call('HSET', KEYS[1], upload, ARGV[3] .. ' ' .. ARGV[5])
redis.call('EXPIREAT', KEYS[1], last)
return 1
"""


class UploadQuota:
    """
    A limit on the total size and the number of each user's unfinished uploads.

    Reservations expire, in case the process that made them dies.

    Args:
        redis: where the reservations are stored.
        limit: the quota of one user, in bytes.
        max_uploads: the largest number of unfinished uploads of one user.
    """

    def __init__(self, redis: Redis, limit: int, max_uploads: int) -> None:
        self.unavailable_errors = redis.unavailable_errors
        self._redis = redis
        self._limit = limit
        self._max_uploads = max_uploads
        self._reserve: Any = redis.register_script(_RESERVE)

    async def reserve(self, user_id: int, upload_id: str, size: int, seconds: float) -> None:
        """
        Reserve bytes for an upload, in place of its earlier reservation.

        Args:
            user_id: the user.
            upload_id: the upload.
            size: all bytes that the upload has or will soon have.
            seconds: the lifetime of the reservation.

        Raises:
            TooManyBytes: the user's uploads would exceed the quota, or are too many.
        """
        now = int(time.time())
        values = [now, upload_id, size, self._limit, now + int(seconds) + 1, self._max_uploads]
        if not await self._reserve(keys=[f"{PREFIX}{user_id}"], args=values):
            raise TooManyBytes

    async def release(self, user_id: int, upload_id: str) -> None:
        """Remove the reservation of an upload."""
        await self._redis.hdel(f"{PREFIX}{user_id}", upload_id)


class FileSpace:
    """
    A limit on the files that a user keeps. Equal contents count each time.

    Args:
        database: has the files.
        max_bytes: the total size of a user's files.
        max_files: their number.
    """

    def __init__(self, database: Database, max_bytes: int, max_files: int) -> None:
        self._database = database
        self._max_bytes = max_bytes
        self._max_files = max_files

    async def check(
        self, user_id: int, size: int, connection: BaseDBAsyncClient | None = None
    ) -> None:
        """
        Check that a user may keep one more file.

        Args:
            user_id: the user.
            size: the size of the file, as far as it is known.
            connection: the transaction, if there is one.

        Raises:
            FileSpaceFull: the user has to delete something first.
        """
        files = File.filter(user_id=user_id)
        if connection is not None:
            files = files.using_db(connection)
        rows = await files.annotate(number=Count("id"), bytes=Sum("size")).values_list(
            "number", "bytes"
        )
        number, kept = rows[0] if rows else (0, 0)
        if number >= self._max_files or int(kept or 0) + size > self._max_bytes:
            raise FileSpaceFull

    async def add(self, file: File) -> None:
        """
        Store the row of a file.

        Raises:
            FileSpaceFull: the user keeps too many files.
        """
        async with self._database.transaction() as connection:
            # One file of a user at a time, or several would pass the limit together.
            await User.filter(id=file.user_id).using_db(connection).select_for_update().first()
            await self.check(file.user_id, file.size, connection)
            await file.save(using_db=connection, force_create=True)
