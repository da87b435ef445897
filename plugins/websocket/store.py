"""
What workers keep in Redis about each other, and the scripts that touch it.

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
import hashlib
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from .backplane import BackplaneAway

_PRELUDE = """
local base, me = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A worker whose lease ended is as good as gone, whether or not it was swept away yet.
local function other_workers()
  local alive = redis.call('ZRANGEBYSCORE', base .. 'workers', string.format('(%.0f', now), '+inf')
  local others = {}
  for _, worker in ipairs(alive) do
    if worker ~= me then others[#others + 1] = worker end
  end
  return others
end

local function held_by(workers, topic)
  for _, worker in ipairs(workers) do
    if redis.call('SISMEMBER', base .. 'held:' .. worker, topic) == 1 then return true end
  end
  return false
end

-- The number of each entry lets its reader see that one is missing.
local function append(worker, limit, expiry, fields)
  local stream = base .. 'stream:' .. worker
  local number = redis.call('HINCRBY', base .. 'sequences', worker, 1)
  -- A client may read the fields of an entry as a dictionary: each name occurs once.
  for at = 1, #fields, 2 do fields[at] = at .. ' ' .. fields[at] end
  redis.call('XADD', stream, 'MAXLEN', '~', limit, '*', 'n', number, unpack(fields))
  redis.call('PEXPIRE', stream, expiry)
end
"""


class Script:
    """
    A Lua script.

    Args:
        body: its text; `base`, `me`, `now` and the functions of the prelude are there.
    """

    def __init__(self, body: str) -> None:
        self.text = _PRELUDE + body
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


RENEW = Script("""
-- lease, limit, expiry -> whether nothing can have been missed, number of topics held
local lease, limit, expiry = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local ends = redis.call('ZSCORE', base .. 'workers', me)
local stream = base .. 'stream:' .. me
local there = redis.call('EXISTS', stream) == 1
redis.call('ZADD', base .. 'workers', string.format('%.0f', now + lease), me)
if there then redis.call('PEXPIRE', stream, expiry) else append(me, limit, expiry, {}) end
local unbroken = there and ends and tonumber(ends) > now
return {unbroken and 1 or 0, redis.call('SCARD', base .. 'held:' .. me)}
""")

APPLY = Script("""
-- limit, expiry, then for each change: hold ('1' or '0'), topic, take, drop, farewell
-- -> for each change: a letter ('+' came on line, '-' went off line, '=' neither),
--    whether any worker holds the topic, the socket of this worker that is replaced
local limit, expiry = ARGV[3], ARGV[4]
local others = other_workers()
local answers = {}
for at = 5, #ARGV, 5 do
  local hold, topic, take, drop, farewell = unpack(ARGV, at, at + 4)
  local held = base .. 'held:' .. me
  local changed = redis.call(hold == '1' and 'SADD' or 'SREM', held, topic) == 1
  local elsewhere = topic:sub(1, 5) == 'user:' and held_by(others, topic)
  local turn = '='
  if changed and not elsewhere then turn = hold == '1' and '+' or '-' end
  local devices = base .. 'devices'
  if drop ~= '' and redis.call('HGET', devices, topic) == drop then
    redis.call('HDEL', devices, topic)
  end
  local mine = ''
  if take ~= '' then
    -- Without a farewell nobody is replaced: Redis was emptied, and is told again.
    local before = redis.call('HGET', devices, topic)
    if farewell ~= '' or not before then redis.call('HSET', devices, topic, take) end
    if farewell ~= '' and before and before ~= take then
      local worker = before:match('^(.*):')
      if worker == me then
        mine = before
      elseif redis.call('EXISTS', base .. 'stream:' .. worker) == 1 then
        append(worker, limit, expiry, {'socket:' .. before, farewell})
      end
    end
  end
  answers[#answers + 1] = turn
  answers[#answers + 1] = (hold == '1' or elsewhere) and '1' or '0'
  answers[#answers + 1] = mine
end
return answers
""")

PUBLISH = Script("""
-- batch, limit, expiry, lost ('1' or '0'), then topic and payload of each message
-- Looks at who holds the topics now, never at what was known before. A batch that comes again,
-- because its answer got lost, is not sent again.
local batch, limit, expiry, lost = ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'
local last = redis.call('HGET', base .. 'published', me)
if last and tonumber(last) >= tonumber(batch) then return 0 end
redis.call('HSET', base .. 'published', me, batch)
local topics = {}
for at = 7, #ARGV, 2 do topics[#topics + 1] = ARGV[at] end
local entries = 0
for _, worker in ipairs(other_workers()) do
  local fields = {}
  if #topics > 0 then
    local holds = redis.call('SMISMEMBER', base .. 'held:' .. worker, unpack(topics))
    for i, held in ipairs(holds) do
      if held == 1 then
        fields[#fields + 1] = topics[i]
        fields[#fields + 1] = ARGV[6 + 2 * i]
      end
    end
  end
  if lost then
    fields[#fields + 1] = 'lost'
    fields[#fields + 1] = me
  end
  if #fields > 0 then append(worker, limit, expiry, fields); entries = entries + 1 end
end
return entries
""")

HELD = Script("""
-- topics -> for each, whether a live worker holds it
local workers = other_workers()
local mine = redis.call('ZSCORE', base .. 'workers', me)
if mine and tonumber(mine) > now then workers[#workers + 1] = me end
local answers = {}
for at = 3, #ARGV do answers[at - 2] = 0 end
for _, worker in ipairs(workers) do
  local holds = redis.call('SMISMEMBER', base .. 'held:' .. worker, unpack(ARGV, 3))
  for i, held in ipairs(holds) do
    if held == 1 then answers[i] = 1 end
  end
end
return answers
""")

DEAD = Script("""
-- -> some workers whose lease has ended
local ended = string.format('%.0f', now)
return redis.call('ZRANGEBYSCORE', base .. 'workers', '-inf', ended, 'LIMIT', 0, 8)
""")

ORPHANS = Script("""
-- worker, remove ('1' or '0') -> users' topics of that dead worker which nobody else holds
local dead, remove = ARGV[3], ARGV[4] == '1'
local ends = redis.call('ZSCORE', base .. 'workers', dead)
if dead ~= me and (not ends or tonumber(ends) > now) then return {} end
local others = {}
for _, worker in ipairs(other_workers()) do
  if worker ~= dead then others[#others + 1] = worker end
end
local held = base .. 'held:' .. dead
local orphans = {}
for _, topic in ipairs(redis.call('SMEMBERS', held)) do
  if topic:sub(1, 5) == 'user:' then
    if not held_by(others, topic) then orphans[#orphans + 1] = topic end
    if remove then
      local device = redis.call('HGET', base .. 'devices', topic)
      if device and device:match('^(.*):') == dead then
        redis.call('HDEL', base .. 'devices', topic)
      end
    end
  end
end
if remove then
  redis.call('ZREM', base .. 'workers', dead)
  redis.call('DEL', held, base .. 'stream:' .. dead)
  redis.call('HDEL', base .. 'sequences', dead)
  redis.call('HDEL', base .. 'published', dead)
end
return orphans
""")


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
