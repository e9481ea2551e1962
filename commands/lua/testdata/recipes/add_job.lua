--[[ Adds a job to a queue: to the waiting list, to the delayed set, or by priority.
  KEYS: id counter, waiting, delayed, prioritized, events
  ARGV: packed options, data ]]
local opts = cmsgpack.unpack(ARGV[1])
local rcall = redis.call
local id = opts['jobId']
if not id or id == '' then
  id = rcall('INCR', KEYS[1])
end
local jobKey = opts.prefix .. ':' .. id
if rcall('EXISTS', jobKey) == 1 then
  rcall('XADD', KEYS[5], '1-' .. rcall('XLEN', KEYS[5]) + 1, 'event', 'duplicated', 'id', id)
  return id .. ''
end

local delay = tonumber(opts.delay) or 0
local priority = tonumber(opts.priority) or 0
rcall('HMSET', jobKey, 'name', opts.name, 'data', ARGV[2], 'opts', cjson.encode({attempts = opts.attempts}),
  'timestamp', opts.timestamp, 'delay', delay, 'priority', priority)

local event = 'waiting'
if delay > 0 then
  local score = (opts.timestamp + delay) * 0x1000 + bit.band(tonumber(id) or 0, 0xfff)
  rcall('ZADD', KEYS[3], score, id)
  event = 'delayed'
elseif priority > 0 then
  rcall('ZADD', KEYS[4], priority * 0x100000000 + tonumber(id), id)
elseif opts.lifo then
  rcall('RPUSH', KEYS[2], id)
else
  rcall('LPUSH', KEYS[2], id)
end
rcall('XADD', KEYS[5], '1-' .. rcall('XLEN', KEYS[5]) + 1, 'event', event, 'id', id)
return id .. ''
