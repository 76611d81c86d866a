package redis_test

import (
	"testing"

	"magpie.build/packages/pubsub/pubsubtest"
	"magpie.build/packages/pubsub/redis/redistest"
)

// Some hosted services and proxies speak the older protocol alone, which needs a connection of its own
// for Pub/Sub.
func TestServerThatSpeaksRESP2AloneKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, topologies(redistest.Start(t, redistest.Options{Args: []string{"--rename-command", "HELLO", ""}}).URL()))
}
