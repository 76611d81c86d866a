package redis

import (
	"strings"

	"magpie.build/packages/pubsub/internal/sabotage"
)

// sabotaged is a script as it is, or one that no longer asks for the server's replication id.
func sabotaged(lua string) string {
	if sabotage.NoFence {
		return strings.Replace(lua, "redis.pcall('INFO', 'replication')", "''", 1)
	}
	return lua
}
