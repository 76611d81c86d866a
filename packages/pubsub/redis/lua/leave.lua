-- Removes a member and, if it was there, tells the channel's subscribers.
--
-- KEYS  1 members
-- ARGV  1 Pub/Sub channel  2 member's id

local value = redis.call('HGET', KEYS[1], ARGV[2])
if value then
	redis.call('HDEL', KEYS[1], ARGV[2])
	redis.call('PUBLISH', ARGV[1], '-' .. #ARGV[2] .. ' ' .. ARGV[2] .. string.sub(value, string.find(value, ' ') + 1))
end
return 1
