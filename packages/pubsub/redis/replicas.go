package redis

import (
	"context"
	"fmt"

	"magpie.build/packages/pubsub"
)

// maxWaiting is how many publishes wait for replicas at once; others wait for their turn. Each has a connection
// of its own: WAIT stops what comes after it on its connection, and on the one that all share that would be
// everything.
const maxWaiting = 32

// keepReplicated publishes and waits for replicas. https://redis.io/docs/latest/commands/wait
func (b *Broker) keepReplicated(ctx context.Context, channel string, data []byte, o pubsub.PublishOptions) (position pubsub.Position, err error) {
	if o.ReplicaTimeout == 0 {
		o.ReplicaTimeout = pubsub.DefaultReplicaTimeout
	}
	have := int64(0)
	err = b.callFor(ctx, b.timeout+o.ReplicaTimeout, func(ctx context.Context) error {
		select {
		case b.waiting <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d publishes wait for replicas", pubsub.ErrUnavailable, maxWaiting)
		}
		defer func() { <-b.waiting }()
		conn, release := b.client.Dedicate()
		defer release()
		keys, words := b.publishWords(channel, data, o)
		answers := conn.DoMulti(ctx,
			conn.B().Eval().Script(b.scripts.publishText).Numkeys(int64(len(keys))).Key(keys...).Arg(words...).Build(),
			conn.B().Wait().Numreplicas(int64(o.Replicas)).Timeout(o.ReplicaTimeout.Milliseconds()).Build())
		answer, err := answers[0].ToString()
		if err != nil {
			return err
		}
		if position, err = b.position(answer); err != nil {
			return err
		}
		have, err = answers[1].AsInt64()
		return err
	})
	if err == nil && have < int64(o.Replicas) {
		err = fmt.Errorf("%w: redis at %s has %d of %d after %v: it may be lost with that server; publish it again under the same idempotency key",
			pubsub.ErrNotReplicated, b.name, have, o.Replicas, o.ReplicaTimeout)
	}
	return position, err
}
