package redis_test

import (
	"testing"

	"magpie.build/packages/pubsub/pubsubtest"
	"magpie.build/packages/pubsub/redis/redistest"
)

// onlyRESP2 is a server as some hosted services and proxies are: it speaks the older protocol alone, which needs
// a connection of its own for Pub/Sub.
var onlyRESP2 = redistest.Options{Args: []string{"--rename-command", "HELLO", ""}}

func TestServerThatSpeaksRESP2AloneKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, topologies(redistest.Start(t, onlyRESP2).URL()))
}
