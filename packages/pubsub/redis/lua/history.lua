-- Reads a part of a channel's history, giving a channel that has none a head.
--
-- KEYS  1 head  2 stream
-- ARGV  1 epoch for a channel that has none  2 how long a head without history lives, in ms
--       3 "since" to use 4 and 5, "seen" when this process itself saw that position, else ""
--       4 epoch, or "" for the current one  5 offset
--       6 most entries to return, below 0 for all  7 "reverse" or ""
-- Returns epoch, newest offset, 1 if what came after since is all here, the stream's entries.

local epoch = redis.call('HGET', KEYS[1], 'e')
if not epoch then
	epoch = ARGV[1]
	redis.call('HSET', KEYS[1], 'e', epoch)
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
	redis.call('DEL', KEYS[2])
end
local top = tonumber(redis.call('HGET', KEYS[1], 'o') or 0)
local newest = string.format('%.0f', top)
local first, last = '-', '+'

if ARGV[3] ~= '' then
	local since = tonumber(ARGV[5])
	if ARGV[3] == 'seen' and ARGV[4] == epoch and since > top then
		-- A failover took back what was published: offsets after this would name other publications
		-- than they did, so the epoch ends here.
		epoch = ARGV[1]
		redis.call('HSET', KEYS[1], 'e', epoch)
		return {epoch, newest, 0, {}}
	end
	if ARGV[4] ~= '' and ARGV[4] ~= epoch then
		return {epoch, newest, 0, {}}
	end
	if ARGV[7] == 'reverse' then
		last = '(' .. string.format('%.0f-0', since)
	else
		if since > top or since + redis.call('XLEN', KEYS[2]) < top then
			return {epoch, newest, 0, {}}
		end
		first = string.format('%.0f-0', since + 1)
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
	command[#command + 1] = ARGV[6]
end
return {epoch, newest, 1, redis.call(unpack(command))}
