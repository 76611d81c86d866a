-- Removes every member that a dead node entered and tells the channel's subscribers. Of several
-- survivors that try, the first finds them, so that each leaves once.
--
-- KEYS  1 members
-- ARGV  1 Pub/Sub channel  2 dead node's id

local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
	local id, value = all[i], all[i + 1]
	local space = string.find(value, ' ')
	if string.sub(value, 1, space - 1) == ARGV[2] then
		redis.call('HDEL', KEYS[1], id)
		redis.call('PUBLISH', ARGV[1], '-' .. #id .. ' ' .. id .. string.sub(value, space + 1))
	end
end
return 1
