package redis

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"magpie.build/packages/pubsub"
)

// Ring is a [pubsub.Broker] over several servers that know nothing of each other, which share the
// channels: each channel, with its history and its members, is on one of them. So Pub/Sub goes beyond
// what one server can carry, and a server that is down takes its channels with it and no others.
//
// All processes must name the same servers in the same order. One more at the end of n takes over every
// (n+1)th channel; these begin a new history there, and whoever was subscribed is told.
type Ring struct{ brokers []*Broker }

var (
	_ pubsub.Broker   = (*Ring)(nil)
	_ pubsub.Prober   = (*Ring)(nil)
	_ pubsub.Repairer = (*Ring)(nil)
)

// OpenRing is as [Open], for options whose URL holds several URLs with spaces between them. What each may
// look like [Options] says; they may be of different kinds. With a single one it is the same as Open.
func OpenRing(ctx context.Context, o Options) (*Ring, error) {
	urls := strings.Fields(o.URL)
	if len(urls) == 0 {
		urls = []string{""} // Open says what is missing
	}
	r := &Ring{brokers: make([]*Broker, len(urls))}
	group, ctx := errgroup.WithContext(ctx)
	for i, url := range urls {
		group.Go(func() (err error) {
			one := o
			one.URL = url
			r.brokers[i], err = Open(ctx, one)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		for _, b := range r.brokers {
			if b != nil {
				err = errors.Join(err, b.Close())
			}
		}
		return nil, err
	}
	return r, nil
}

// of returns who has a channel.
func (r *Ring) of(channel string) *Broker {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(channel)) // never fails
	return r.brokers[jump(hash.Sum64(), len(r.brokers))]
}

// jump gives a key one of n buckets, so that one more bucket takes its share evenly from the others and
// moves nothing else. Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014.
func jump(key uint64, n int) int {
	bucket, next := int64(-1), int64(0)
	for next < int64(n) {
		bucket = next
		key = key*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(int64(1)<<31) / float64((key>>33)+1)))
	}
	return int(bucket)
}

// each does something with all servers at once.
func (r *Ring) each(do func(*Broker) error) error {
	var group errgroup.Group
	for _, b := range r.brokers {
		group.Go(func() error { return do(b) })
	}
	return group.Wait()
}

// Publish implements [pubsub.Broker].
func (r *Ring) Publish(ctx context.Context, channel string, data []byte, o pubsub.PublishOptions) (pubsub.Position, error) {
	return r.of(channel).Publish(ctx, channel, data, o)
}

// History implements [pubsub.Broker].
func (r *Ring) History(ctx context.Context, channel string, o pubsub.HistoryOptions) (pubsub.History, error) {
	return r.of(channel).History(ctx, channel, o)
}

// RemoveHistory implements [pubsub.Broker].
func (r *Ring) RemoveHistory(ctx context.Context, channel string) error {
	return r.of(channel).RemoveHistory(ctx, channel)
}

// Subscribe implements [pubsub.Broker].
func (r *Ring) Subscribe(ctx context.Context, channel string) error {
	return r.of(channel).Subscribe(ctx, channel)
}

// Unsubscribe implements [pubsub.Broker].
func (r *Ring) Unsubscribe(ctx context.Context, channel string) error {
	return r.of(channel).Unsubscribe(ctx, channel)
}

// Enter implements [pubsub.Broker].
func (r *Ring) Enter(ctx context.Context, channel string, member pubsub.Member, o pubsub.PresenceOptions) error {
	return r.of(channel).Enter(ctx, channel, member, o)
}

// Leave implements [pubsub.Broker].
func (r *Ring) Leave(ctx context.Context, channel, id string) error {
	return r.of(channel).Leave(ctx, channel, id)
}

// Members implements [pubsub.Broker].
func (r *Ring) Members(ctx context.Context, channel string) ([]pubsub.Member, error) {
	return r.of(channel).Members(ctx, channel)
}

// PresenceStats implements [pubsub.Broker].
func (r *Ring) PresenceStats(ctx context.Context, channel string) (pubsub.PresenceStats, error) {
	return r.of(channel).PresenceStats(ctx, channel)
}

// Run implements [pubsub.Broker].
func (r *Ring) Run(ctx context.Context, handler pubsub.Handler) error {
	return r.each(func(b *Broker) error { return b.Run(ctx, handler) })
}

// Close implements [pubsub.Broker], as [Broker.Close] does.
func (r *Ring) Close() error { return r.each((*Broker).Close) }

// Probe implements [pubsub.Prober]: every server must deliver.
func (r *Ring) Probe(ctx context.Context) error {
	return r.each(func(b *Broker) error {
		if err := b.Probe(ctx); err != nil {
			return fmt.Errorf("probe %s: %w", b.name, err)
		}
		return nil
	})
}

// Examine is as [Broker.Examine], for all servers.
func (r *Ring) Examine(ctx context.Context) []Finding {
	found := make([][]Finding, len(r.brokers))
	var group sync.WaitGroup
	for i, b := range r.brokers {
		group.Go(func() { found[i] = b.Examine(ctx) })
	}
	group.Wait()
	return slices.Concat(found...)
}

// Repairs implements [pubsub.Repairer].
func (r *Ring) Repairs() pubsub.Repairs {
	var sum pubsub.Repairs
	for _, b := range r.brokers {
		one := b.Repairs()
		sum.Reads += one.Reads
		sum.Publications += one.Publications
		sum.Breaks += one.Breaks
	}
	return sum
}
