-- Begins every script that knows about epochs; KEYS and ARGV are those of the script that follows.
--
-- Redis replicates after it answered. A replica that is promoted, or a server that comes back from what
-- was on its disk, may have lost what was acknowledged, and would give the same offsets to other
-- publications. In both cases it has another replication id than before. So a channel's epoch is bound
-- to that id: under another one the channel goes on in a new epoch, in the same atomic step that first
-- notices, and remembers where the last epoch ended. Whoever is at or before that end missed nothing;
-- whoever is beyond it has seen what was lost. Where INFO is refused (an ACL, a hosted service) the id
-- is empty, and only offsets that went back are noticed: see history.lua.

local function replication_id()
	local info = redis.pcall('INFO', 'replication')
	return type(info) == 'string' and string.match(info, 'master_replid:(%w+)') or ''
end

-- The head is a hash: e epoch, o newest offset, r replication id, b earlier epochs, the newest first,
-- each with the offset where it ended. Answers e, o and b, having written what changed.
local function open_epoch(head, fresh)
	local found = redis.call('HMGET', head, 'e', 'o', 'r', 'b')
	local epoch, top, id, before = found[1], tonumber(found[2] or 0), replication_id(), found[4] or ''
	if not epoch then
		redis.call('HSET', head, 'e', fresh, 'r', id)
		return fresh, top, before, true
	end
	if id == '' or id == found[3] then
		return epoch, top, before, false
	end
	local kept = {epoch .. ' ' .. string.format('%.0f', top)}
	for pair in string.gmatch(before, '%S+ %d+') do
		if #kept < 8 then
			kept[#kept + 1] = pair
		end
	end
	before = table.concat(kept, ' ')
	redis.call('HSET', head, 'e', fresh, 'r', id, 'b', before)
	return fresh, top, before, false
end

-- Where an earlier epoch ended, or nil.
local function end_of(before, epoch)
	for name, offset in string.gmatch(before, '(%S+) (%d+)') do
		if name == epoch then
			return tonumber(offset)
		end
	end
end

