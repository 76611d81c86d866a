-- Appends a publication to a channel's history and publishes it, or answers what an earlier publish
-- under the same idempotency key was answered.
--
-- KEYS  1 head  2 stream  3 answer under the idempotency key
-- ARGV  1 Pub/Sub channel  2 data  3 history size  4 history's end in ms, 0 for never
--       5 a new epoch, should one begin  6 idempotency key's end in ms, 0 for no key
--       7 how long the head outlives the history, in ms  8 "wait" when replicas are waited for, else ""
-- Returns "offset epoch".

if ARGV[6] ~= '0' then
	local earlier = redis.call('GET', KEYS[3])
	if earlier then
		if ARGV[8] == 'wait' then
			-- WAIT promises to wait for what its own connection wrote, which this has come after the earlier publish.
			redis.call('SET', KEYS[3], earlier, 'KEEPTTL')
		end
		return earlier
	end
end

local epoch = open_epoch(KEYS[1], ARGV[5])
local offset = redis.call('HINCRBY', KEYS[1], 'o', 1)
if offset == 1 then
	redis.call('DEL', KEYS[2]) -- of an epoch whose head was evicted alone
end

local clock = redis.call('TIME')
local time = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
local position = string.format('%.0f', offset) .. ' ' .. epoch

redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[3], string.format('%.0f-0', offset), 't', time, 'd', ARGV[2])
if ARGV[4] == '0' then
	redis.call('PERSIST', KEYS[2])
	redis.call('PERSIST', KEYS[1])
else
	redis.call('PEXPIRE', KEYS[2], ARGV[4])
	redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[4] + ARGV[7]))
end
if ARGV[6] ~= '0' then
	redis.call('SET', KEYS[3], position, 'PX', ARGV[6])
end
redis.call('PUBLISH', ARGV[1], 'p' .. position .. ' ' .. time .. '\n' .. ARGV[2])
return position
