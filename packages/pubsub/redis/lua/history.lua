-- Reads a part of a channel's history, giving a channel that has none a head.
--
-- KEYS  1 head  2 stream
-- ARGV  1 a new epoch, should one begin  2 how long a head without history lives, in ms
--       3 "since" to use 4 and 5, "seen" when this process itself saw that position, else ""
--       4 epoch, or "" for the current one  5 offset
--       6 most entries to return, below 0 for all  7 "reverse" or ""
--       8 how many entries from before since to return, too
-- Returns epoch, newest offset, 1 if what came after since is all here, the stream's entries.

local epoch, top, before, begun = open_epoch(KEYS[1], ARGV[1])
if begun then
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
	redis.call('DEL', KEYS[2])
end
local newest = string.format('%.0f', top)
local first, last = '-', '+'

if ARGV[3] ~= '' then
	local since = tonumber(ARGV[5])
	if ARGV[3] == 'seen' and ARGV[4] == epoch and since > top then
		-- Offsets went back and the replication id did not tell. What comes after this would have
		-- offsets that others had, so the epoch ends here, and nobody knows where it was whole.
		epoch = ARGV[1]
		redis.call('HSET', KEYS[1], 'e', epoch)
		redis.call('HDEL', KEYS[1], 'b')
		return {epoch, newest, 0, {}}
	end
	if ARGV[4] ~= '' and ARGV[4] ~= epoch then
		local ended = end_of(before, ARGV[4])
		if not ended or since > ended then
			return {epoch, newest, 0, {}}
		end
	end
	if ARGV[7] == 'reverse' then
		last = '(' .. string.format('%.0f-0', since)
	else
		if since > top or since + redis.call('XLEN', KEYS[2]) < top then
			return {epoch, newest, 0, {}}
		end
		first = string.format('%.0f-0', math.max(1, since + 1 - tonumber(ARGV[8])))
	end
end

local limit = tonumber(ARGV[6])
if limit == 0 or last == '(0-0' then
	return {epoch, newest, 1, {}}
end
local command = {'XRANGE', KEYS[2], first, last}
if ARGV[7] == 'reverse' then
	command = {'XREVRANGE', KEYS[2], last, first}
end
if limit > 0 then
	command[#command + 1] = 'COUNT'
	command[#command + 1] = limit + tonumber(ARGV[8])
end
return {epoch, newest, 1, redis.call(unpack(command))}
