-- A sliding window: at most so many in so many milliseconds.
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return {0, 0, oldest[2] + window - now}
end
redis.call('ZADD', KEYS[1], now, ('%.0f-%d'):format(now, count))
redis.call('PEXPIRE', KEYS[1], window)
return {1, limit - count - 1, 0}
