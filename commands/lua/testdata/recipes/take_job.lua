-- Takes a job for a worker and returns all that it needs.
local id = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
if not id then
  local best = redis.call('ZPOPMIN', KEYS[3])
  id = best[1]
  if not id then return {} end
  redis.call('LPUSH', KEYS[2], id)
end
local key = ARGV[1] .. ':' .. id
redis.call('SET', key .. ':lock', ARGV[2], 'PX', ARGV[3], 'NX')
redis.call('HINCRBY', key, 'attemptsMade', 1)
local flat, job = redis.call('HGETALL', key), {}
for i = 1, #flat, 2 do job[flat[i]] = flat[i + 1] end
local ok, opts = pcall(cjson.decode, job.opts or '')
if not ok then return redis.error_reply('BADJOB ' .. id) end
return {id, job.name, job.data, tonumber(job.attemptsMade), opts.attempts or 0, cmsgpack.pack({id, job.name})}
