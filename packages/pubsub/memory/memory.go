// Package memory is the broker of one process. It needs no server and, given a directory, keeps
// history on disk.
//
// Order: publications of a channel are delivered in the order of their positions. Loss: none while
// the process lives; what a slow handler's queue cannot hold is read again from history.
// Durability: without a directory history ends with the process, and a new process has a new epoch.
// With one, Publish returns when the disk has the publication, so that a killed process or machine
// loses nothing acknowledged, and the epoch goes on; publishes that wait at the same time share one
// commit. [Sync] chooses otherwise. A directory belongs to one process at a time.
//
// The file is checked as a whole when it is opened: each record has a checksum, and each channel must have
// all that it keeps. A file that fails is neither used nor changed. Room for new publications is that of
// old ones; a file most of which is unused is written anew when it is opened. While there is no room on the
// disk publishing fails, and history can be read.
//
// History and idempotency keys end by a clock that is never set back while the process runs. If the machine's
// clock is set back while it does not, they end later by as much.
package memory

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/check"
	"magpie.build/packages/pubsub/internal/delivery"
)

var (
	_ pubsub.Broker   = (*Broker)(nil)
	_ pubsub.Repairer = (*Broker)(nil)
	_ pubsub.Prober   = (*Broker)(nil)
)

// Options configure a broker. The zero value keeps everything in memory.
type Options struct {
	// Dir is a directory for the history, made when missing. Empty keeps history in memory.
	Dir string
	// Sync is when a publish to Dir is acknowledged. The zero value, [SyncAlways], is when the disk has it.
	Sync Sync
	// Logger hears of what opening Dir found. Nil discards.
	Logger *slog.Logger
}

// Broker is a [pubsub.Broker] for the subscribers of this process.
type Broker struct {
	store      store
	dispatcher *delivery.Dispatcher
	members    members
	closed     atomic.Bool
	close      func() error
}

// store keeps histories. Implementations hand what they accepted to their deliver function in the
// order of positions, and before publish returns.
type store interface {
	publish(ctx context.Context, p publish) (pubsub.Position, error)
	history(channel string, o pubsub.HistoryOptions) (pubsub.History, error)
	remove(ctx context.Context, channel string) error
	probe(ctx context.Context) error
	close() error
}

// publish is one call of Publish with a history size.
type publish struct {
	channel string
	data    []byte
	options pubsub.PublishOptions
}

// deliver is called with each accepted publication.
type deliver func(channel string, publication pubsub.Publication)

// Open returns a broker, ready for use. Close it to release what it took. Its error wraps [ErrDamaged] when
// the directory's history cannot be read whole.
func Open(o Options) (*Broker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Broker{}
	b.dispatcher = delivery.New(b.resume)
	b.members.dispatcher = b.dispatcher
	b.close = sync.OnceValue(b.shut)
	if o.Dir == "" {
		b.store = newRAM(b.dispatcher.Publish)
		return b, nil
	}
	disk, err := openDisk(o, b.dispatcher.Publish)
	if err != nil {
		return nil, err
	}
	b.store = disk
	return b, nil
}

// Publish implements [pubsub.Broker]. With a directory and a history size it returns when the disk
// has the publication.
func (b *Broker) Publish(ctx context.Context, channel string, data []byte, o pubsub.PublishOptions) (pubsub.Position, error) {
	if err := b.ready(ctx); err != nil {
		return pubsub.Position{}, err
	}
	if err := check.Publish(channel, data, o); err != nil {
		return pubsub.Position{}, err
	}
	if o.HistorySize == 0 {
		b.dispatcher.Publish(channel, pubsub.Publication{Data: data})
		return pubsub.Position{}, nil
	}
	if o.IdempotencyTTL == 0 {
		o.IdempotencyTTL = pubsub.DefaultIdempotencyTTL
	}
	return b.store.publish(ctx, publish{channel: channel, data: data, options: o})
}

// History implements [pubsub.Broker].
func (b *Broker) History(ctx context.Context, channel string, o pubsub.HistoryOptions) (pubsub.History, error) {
	if err := b.ready(ctx); err != nil {
		return pubsub.History{}, err
	}
	if err := check.Channel(channel); err != nil {
		return pubsub.History{}, err
	}
	return b.store.history(channel, o)
}

// RemoveHistory implements [pubsub.Broker]. With a directory it returns when the disk has forgotten.
func (b *Broker) RemoveHistory(ctx context.Context, channel string) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := check.Channel(channel); err != nil {
		return err
	}
	return b.store.remove(ctx, channel)
}

// Subscribe implements [pubsub.Broker].
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := check.Channel(channel); err != nil {
		return err
	}
	if !b.dispatcher.Add(channel) {
		return nil
	}
	history, err := b.store.history(channel, pubsub.HistoryOptions{})
	if err != nil {
		b.dispatcher.Remove(channel)
		return err
	}
	b.dispatcher.Start(channel, history.Position)
	return nil
}

// Unsubscribe implements [pubsub.Broker].
func (b *Broker) Unsubscribe(ctx context.Context, channel string) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := check.Channel(channel); err != nil {
		return err
	}
	b.dispatcher.Remove(channel)
	return nil
}

// Enter implements [pubsub.Broker].
func (b *Broker) Enter(ctx context.Context, channel string, member pubsub.Member, o pubsub.PresenceOptions) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := check.Member(channel, member, o); err != nil {
		return err
	}
	b.members.enter(channel, member, o)
	return nil
}

// Leave implements [pubsub.Broker].
func (b *Broker) Leave(ctx context.Context, channel, id string) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := check.Channel(channel); err != nil {
		return err
	}
	b.members.leave(channel, id)
	return nil
}

// Members implements [pubsub.Broker].
func (b *Broker) Members(ctx context.Context, channel string) ([]pubsub.Member, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	if err := check.Channel(channel); err != nil {
		return nil, err
	}
	return b.members.list(channel), nil
}

// PresenceStats implements [pubsub.Broker].
func (b *Broker) PresenceStats(ctx context.Context, channel string) (pubsub.PresenceStats, error) {
	if err := b.ready(ctx); err != nil {
		return pubsub.PresenceStats{}, err
	}
	if err := check.Channel(channel); err != nil {
		return pubsub.PresenceStats{}, err
	}
	return b.members.stats(channel), nil
}

// Probe implements [pubsub.Prober]. With a directory it returns when a commit has gone through; without,
// nothing can be lost.
func (b *Broker) Probe(ctx context.Context) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	return b.store.probe(ctx)
}

// Run implements [pubsub.Broker].
func (b *Broker) Run(ctx context.Context, handler pubsub.Handler) error {
	if b.closed.Load() {
		return pubsub.ErrClosed
	}
	return b.dispatcher.Run(ctx, handler)
}

// Repairs implements [pubsub.Repairer].
func (b *Broker) Repairs() pubsub.Repairs { return b.dispatcher.Repairs() }

// Close implements [pubsub.Broker]. Publishes under way are finished first.
func (b *Broker) Close() error { return b.close() }

func (b *Broker) shut() error {
	b.closed.Store(true)
	b.members.close()
	b.dispatcher.Close()
	return b.store.close()
}

func (b *Broker) ready(ctx context.Context) error {
	if b.closed.Load() {
		return pubsub.ErrClosed
	}
	return ctx.Err()
}

func (b *Broker) resume(_ context.Context, channel string, since pubsub.Position, limit int) (pubsub.History, error) {
	return b.store.history(channel, pubsub.HistoryOptions{Since: &since, Limit: limit})
}

// newEpoch returns a name that no other epoch has.
func newEpoch() string { return rand.Text()[:12] }
