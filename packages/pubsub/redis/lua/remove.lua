-- Removes a channel's history and tells the processes that keep a part of it. The position stays.
--
-- KEYS  1 head  2 stream
-- ARGV  1 Pub/Sub channel  2 how long the head outlives the history, in ms
-- Returns "offset epoch" of the newest publication that there was, or "".

redis.call('DEL', KEYS[2])
local head = redis.call('HMGET', KEYS[1], 'o', 'e')
if not head[1] or not head[2] then
	return ''
end
local position = head[1] .. ' ' .. head[2]
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[1], 'x' .. position)
return position
