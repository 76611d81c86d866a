-- Records a member and, if it was not there, tells of it.
--
-- ARGV  2 member's id  3 node's id  4 up to how many members are named  5 "length user data"
-- Returns what was not told, or ''.

local _, _, before = split(redis.call('HGET', KEYS[1], ARGV[2]))
if before then
	remove(ARGV[2], before)
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
redis.call('HINCRBY', KEYS[2], user_of(ARGV[5]), 1)
if before then
	return ''
end
return tell('+', ARGV[2], ARGV[4], ARGV[5])
