-- Removes every member that a dead node entered and tells of it, in a crowd of how many are left. Of several
-- survivors that try, the first finds them, so that each leaves once.
--
-- ARGV  2 dead node's id

local all, crowded = redis.call('HGETALL', KEYS[1]), false
for i = 1, #all, 2 do
	local node, named, rest = split(all[i + 1])
	if node == ARGV[2] then
		remove(all[i], rest)
		crowded = tell('-', all[i], named, rest) ~= '' or crowded
	end
end
if crowded then
	tell_stats()
end
return 1
