-- Removes a member and, if it was there, tells of it.
--
-- ARGV  2 member's id
-- Returns what was not told, or ''.

local _, named, rest = split(redis.call('HGET', KEYS[1], ARGV[2]))
if not rest then
	return ''
end
remove(ARGV[2], rest)
return tell('-', ARGV[2], named, rest)
