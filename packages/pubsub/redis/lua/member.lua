-- Begins every script that changes who is in a channel. Two hashes know that: the members' by id, each as
-- "node named length user data" with the length that of the user, and how many members each user has.
-- KEYS 1 and 2 are these in every script, ARGV 1 is the Pub/Sub channel.

-- Answers node, named and "length user data", or nil.
local function split(value)
	if value then
		return string.match(value, '^(%S+) (%d+) (.*)$')
	end
end

local function user_of(rest)
	local length, from = string.match(rest, '^(%d+) ()')
	return string.sub(rest, from, from + length - 1)
end

-- Removes a member of whom split answered rest.
local function remove(id, rest)
	redis.call('HDEL', KEYS[1], id)
	local user = user_of(rest)
	if redis.call('HINCRBY', KEYS[2], user, -1) <= 0 then
		redis.call('HDEL', KEYS[2], user)
	end
end

-- Tells the channel's subscribers that somebody came or went, '+' or '-'. In a channel with more members
-- than are named it tells nobody, and answers what it would have told.
local function tell(sign, id, named, rest)
	local payload = sign .. #id .. ' ' .. id .. rest
	named = tonumber(named)
	if named > 0 and redis.call('HLEN', KEYS[1]) > named then
		return payload
	end
	redis.call('PUBLISH', ARGV[1], payload)
	return ''
end

local function tell_stats()
	redis.call('PUBLISH', ARGV[1], '#' .. redis.call('HLEN', KEYS[1]) .. ' ' .. redis.call('HLEN', KEYS[2]))
end

