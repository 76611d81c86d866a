package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
	"magpie.build/packages/pubsub/redis"
)

// openTime is how long a server waits for Redis when it starts.
const openTime = 10 * time.Second

// broker is what keeps and carries everything said, and knows whether it can.
type broker interface {
	pubsub.Broker
	pubsub.Prober
}

// replicas is the most replicas that any namespace waits for.
func (c Config) replicas() int {
	most := 0
	for _, n := range c.Namespaces {
		most = max(most, n.Replicas)
	}
	return most
}

// openBroker returns Redis, or this process.
func openBroker(ctx context.Context, c Config, log *slog.Logger) (broker, error) {
	if url := c.RedisURL.Reveal(); url != "" {
		ctx, cancel := context.WithTimeout(ctx, openTime)
		defer cancel()
		broker, err := redis.OpenRing(ctx, redis.Options{URL: url, Replicas: c.replicas(), Logger: log})
		if err != nil {
			return nil, fmt.Errorf("open the broker of REDIS_URL: %w", err)
		}
		return broker, nil
	}
	broker, err := memory.Open(memory.Options{Dir: c.DataDir, Sync: c.DataSync, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open DATA_DIR %q: %w; choose a folder that this server may write to and no other one uses", c.DataDir, err)
	}
	return broker, nil
}
