"""
The scripts that run in Redis. `subscription_store.py` describes their keys.

Each reads which workers are alive and subscribed, and changes that, in one atomic step.
"""

from __future__ import annotations

import hashlib

_PRELUDE = """
local base, me = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A worker whose lease has ended counts as dead, whether or not it was evicted yet.
local function other_workers()
  local alive = redis.call('ZRANGEBYSCORE', base .. 'workers', string.format('(%.0f', now), '+inf')
  local others = {}
  for _, worker in ipairs(alive) do
    if worker ~= me then others[#others + 1] = worker end
  end
  return others
end

local function any_subscribed(workers, topic)
  for _, worker in ipairs(workers) do
    if redis.call('SISMEMBER', base .. 'held:' .. worker, topic) == 1 then return true end
  end
  return false
end

-- How many sockets of a user these workers have. Only counts above one are stored.
local function sockets_on(workers, topic)
  local sum = 0
  for _, worker in ipairs(workers) do
    if redis.call('SISMEMBER', base .. 'held:' .. worker, topic) == 1 then
      sum = sum + (tonumber(redis.call('HGET', base .. 'counts:' .. worker, topic) or '') or 1)
    end
  end
  return sum
end

-- For each topic, whether the worker is subscribed to it; unpack takes fewer than 8,000 at a time.
local function subscriptions(worker, topics)
  local answers = {}
  for at = 1, #topics, 4000 do
    local last = math.min(at + 3999, #topics)
    local found = redis.call('SMISMEMBER', base .. 'held:' .. worker, unpack(topics, at, last))
    for i, subscribed in ipairs(found) do answers[at - 1 + i] = subscribed end
  end
  return answers
end

-- The number of each entry lets its reader notice that one is missing.
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
        body: its text, which may use `base`, `me`, `now` and the functions of the prelude.
    """

    def __init__(self, body: str) -> None:
        self.text = _PRELUDE + body
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


RENEW = Script("""
-- lease, limit, expiry
-- -> whether nothing can have been missed, number of own topics, number of other live workers
local lease, limit, expiry = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local ends = redis.call('ZSCORE', base .. 'workers', me)
local stream = base .. 'stream:' .. me
local there = redis.call('EXISTS', stream) == 1
redis.call('ZADD', base .. 'workers', string.format('%.0f', now + lease), me)
if there then redis.call('PEXPIRE', stream, expiry) else append(me, limit, expiry, {}) end
local unbroken = there and ends and tonumber(ends) > now
return {unbroken and 1 or 0, redis.call('SCARD', base .. 'held:' .. me), #other_workers()}
""")

APPLY = Script("""
-- limit, expiry, then for each change: number of own sockets, topic, take, drop, notice
-- -> for each change: the transition ('+' now online, '-' now offline, '=' neither), whether any
--    worker is subscribed to the topic, the socket of this worker that is replaced, and how many
--    sockets the topic's user has on other workers
local limit, expiry = ARGV[3], ARGV[4]
local others = other_workers()
local answers = {}
for at = 5, #ARGV, 5 do
  local count, topic, take, drop, notice = unpack(ARGV, at, at + 4)
  local own, subscribe, number = base .. 'held:' .. me, count ~= '0', 0
  local changed = redis.call(subscribe and 'SADD' or 'SREM', own, topic) == 1
  if topic:sub(1, 5) == 'user:' then
    number = sockets_on(others, topic)
    if tonumber(count) > 1 then
      redis.call('HSET', base .. 'counts:' .. me, topic, count)
    elseif not (changed and subscribe) then
      redis.call('HDEL', base .. 'counts:' .. me, topic)
    end
  end
  local elsewhere = number > 0
  local transition = '='
  if changed and not elsewhere then transition = subscribe and '+' or '-' end
  local devices = base .. 'devices'
  if drop ~= '' and redis.call('HGET', devices, topic) == drop then
    redis.call('HDEL', devices, topic)
  end
  local mine = ''
  if take ~= '' then
    -- Without a notice nobody is replaced: Redis was emptied, and is being reconciled.
    local before = redis.call('HGET', devices, topic)
    if notice ~= '' or not before then redis.call('HSET', devices, topic, take) end
    if notice ~= '' and before and before ~= take then
      local worker = before:match('^(.*):')
      if worker == me then
        mine = before
      elseif redis.call('EXISTS', base .. 'stream:' .. worker) == 1 then
        append(worker, limit, expiry, {'socket:' .. before, notice})
      end
    end
  end
  answers[#answers + 1] = transition
  answers[#answers + 1] = (subscribe or elsewhere) and '1' or '0'
  answers[#answers + 1] = mine
  answers[#answers + 1] = number
end
return answers
""")

PUBLISH = Script("""
-- batch, limit, expiry, lost ('1' or '0'), then topic and payload of each message
-- -> number of other live workers
-- Reads the subscriptions as they are now, never as they were before. A batch that comes again,
-- because its answer got lost, is not sent again. 'users:[1,2]' stands for the topics of these
-- users: a worker that is subscribed to some of them gets the payload once, with these.
local batch, limit, expiry, lost = ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'
local others = other_workers()
local last = redis.call('HGET', base .. 'published', me)
if last and tonumber(last) >= tonumber(batch) then return #others end
redis.call('HSET', base .. 'published', me, batch)
if #others == 0 then return 0 end
local topics, ends, many = {}, {}, {}
for at = 7, #ARGV, 2 do
  many[#many + 1] = ARGV[at]:sub(1, 6) == 'users:'
  if many[#many] then
    for user in ARGV[at]:gmatch('%d+') do topics[#topics + 1] = 'user:' .. user end
  else
    topics[#topics + 1] = ARGV[at]
  end
  ends[#ends + 1] = #topics
end
for _, worker in ipairs(others) do
  local subscribed = subscriptions(worker, topics)
  local fields, first = {}, 1
  for i, last in ipairs(ends) do
    local name = subscribed[first] == 1 and topics[first]
    if many[i] then
      local users = {}
      for at = first, last do
        if subscribed[at] == 1 then users[#users + 1] = topics[at]:sub(6) end
      end
      name = #users > 0 and 'users:[' .. table.concat(users, ',') .. ']'
    end
    if name then
      fields[#fields + 1] = name
      fields[#fields + 1] = ARGV[6 + 2 * i]
    end
    first = last + 1
  end
  if lost then
    fields[#fields + 1] = 'lost'
    fields[#fields + 1] = me
  end
  if #fields > 0 then append(worker, limit, expiry, fields) end
end
return #others
""")

SUBSCRIBED = Script("""
-- topics -> for each, whether a live worker is subscribed to it
local workers = other_workers()
local mine = redis.call('ZSCORE', base .. 'workers', me)
if mine and tonumber(mine) > now then workers[#workers + 1] = me end
local answers = {}
for at = 3, #ARGV do answers[at - 2] = 0 end
for _, worker in ipairs(workers) do
  local found = redis.call('SMISMEMBER', base .. 'held:' .. worker, unpack(ARGV, 3))
  for i, subscribed in ipairs(found) do
    if subscribed == 1 then answers[i] = 1 end
  end
end
return answers
""")

DEAD = Script("""
-- -> some workers whose lease has ended
local ended = string.format('%.0f', now)
return redis.call('ZRANGEBYSCORE', base .. 'workers', '-inf', ended, 'LIMIT', 0, 8)
""")

EVICT = Script("""
-- worker, remove ('1' or '0')
-- -> users' topics of that dead worker to which no other worker is subscribed
local dead, remove = ARGV[3], ARGV[4] == '1'
local ends = redis.call('ZSCORE', base .. 'workers', dead)
if dead ~= me and (not ends or tonumber(ends) > now) then return {} end
local others = {}
for _, worker in ipairs(other_workers()) do
  if worker ~= dead then others[#others + 1] = worker end
end
local entries = base .. 'held:' .. dead
local users = {}
for _, topic in ipairs(redis.call('SMEMBERS', entries)) do
  if topic:sub(1, 5) == 'user:' then
    if not any_subscribed(others, topic) then users[#users + 1] = topic end
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
  redis.call('DEL', entries, base .. 'counts:' .. dead, base .. 'stream:' .. dead)
  redis.call('HDEL', base .. 'sequences', dead)
  redis.call('HDEL', base .. 'published', dead)
end
return users
""")
