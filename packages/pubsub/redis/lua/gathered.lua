-- Tells a crowded channel's subscribers of comings and goings that were gathered, those that have not been
-- undone since, and then how many members there are.
--
-- ARGV  2, 3, … for each: member's id, what to tell

for i = 2, #ARGV, 2 do
	local left = string.sub(ARGV[i + 1], 1, 1) == '-'
	if (redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0) == left then
		redis.call('PUBLISH', ARGV[1], ARGV[i + 1])
	end
end
tell_stats()
return 1
