-- Records a member and, if it was not there, tells the channel's subscribers.
--
-- KEYS  1 members (a hash: id → node's id, a space, data)
-- ARGV  1 Pub/Sub channel  2 member's id  3 node's id  4 data

if redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. ' ' .. ARGV[4]) == 1 then
	redis.call('PUBLISH', ARGV[1], '+' .. #ARGV[2] .. ' ' .. ARGV[2] .. ARGV[4])
end
return 1
