-- Finishes a job, or fails it and gives it another try.
local key = ARGV[1] .. ':' .. ARGV[2]
local token = redis.call('GET', key .. ':lock')
if token ~= ARGV[3] then
  if token == false then return -2 end
  return {err = 'LOCKED job ' .. ARGV[2] .. ' belongs to ' .. token}
end
if redis.call('LREM', KEYS[1], -1, ARGV[2]) == 0 then return -3 end
redis.call('DEL', key .. ':lock')
local result = cjson.decode(ARGV[4])
if result.failed then
  local made = tonumber(redis.call('HGET', key, 'attemptsMade'))
  local opts = cjson.decode(redis.call('HGET', key, 'opts'))
  redis.call('HSET', key, 'failedReason', result.failed)
  if made < (opts.attempts or 1) then
    redis.call('RPUSH', KEYS[2], ARGV[2])
    return 'retry'
  end
  redis.call('ZADD', KEYS[4], ARGV[5], ARGV[2])
  return redis.status_reply('FAILED')
end
redis.call('HSET', key, 'returnvalue', cjson.encode(result.value))
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])
local keep = tonumber(ARGV[6])
if keep then
  for _, old in ipairs(redis.call('ZREVRANGE', KEYS[3], keep, -1)) do
    redis.call('DEL', ARGV[1] .. ':' .. old)
    redis.call('ZREM', KEYS[3], old)
  end
end
return redis.status_reply('DONE')
