-- Adds up what is in some hashes and returns it in each way a client may like.
local total, names, byType = 0, {}, {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  byType[kind] = (byType[kind] or 0) + 1
  if kind == 'hash' then
    local v = redis.call('HGET', key, 'priority')
    if v then total = total + v end
    table.insert(names, 1, (key:gsub('^%w+:', '#')))
  end
end
table.sort(names, function(a, b) return #a < #b or #a == #b and a > b end)
local types = {}
for k, n in pairs(byType) do types[#types + 1] = k .. '=' .. n end
table.sort(types)
redis.setresp(3)
return {total, table.concat(names, ','), types, {double = total / 3}, total > 0, {map = {total = total}}, {verbatim_string = {format = 'txt', string = table.concat(types, ' ')}}}
