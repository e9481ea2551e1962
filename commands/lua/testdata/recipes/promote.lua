-- Moves what is due from the delayed set to the waiting list, a batch at a time.
local now, batch = tonumber(ARGV[1]), tonumber(ARGV[2] or 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], 0, (now + 1) * 0x1000 - 1, 'LIMIT', 0, batch)
if #due > 0 then
  redis.call('ZREM', KEYS[1], unpack(due))
  for from = 1, #due, 2 do
    redis.call('LPUSH', KEYS[2], unpack(due, from, math.min(from + 1, #due)))
  end
end
local nextOne = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #nextOne == 0 then return {#due, false} end
return {#due, string.format('%d', nextOne[2] / 0x1000), nextOne[1]}
