// Package redis is the broker of any number of processes: Redis Pub/Sub carries publications,
// streams keep history. It is made for Redis 6.2 and later and for Valkey; as one server, behind
// Sentinel, or as a cluster. Its tests run Redis 7.0. A user of an ACL needs [Permissions].
//
// Order: publications of a channel are delivered in the order of their positions, which one Lua
// script gives and publishes at once. Loss: Redis Pub/Sub is at most once, so this broker watches
// the offsets. When one is missing, after each reconnect, and now and then for channels at rest, it
// reads what it missed from the stream, once for the whole process, and delivers it before anything
// later; only when the stream no longer has it is there a break. A failover or a restart may take back what
// was published: each begins a new epoch in every channel, in the step that first notices the server's
// new replication id, so whoever saw what is lost is told, and nobody else. Durability: that of the
// server. With appendonly and appendfsync always nothing acknowledged is lost; with the default a
// machine that dies may take the last second with it. A publish with Replicas returns nil only when so many
// replicas have it. The server must not evict keys: maxmemory-policy is to be noeviction.
//
// While the server cannot be reached, methods return [pubsub.ErrUnavailable] within
// [Options.Timeout] and the broker keeps trying to reach it; nothing that was subscribed or entered
// needs to be so again.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/check"
	"magpie.build/packages/pubsub/internal/delivery"
	"magpie.build/packages/pubsub/internal/sabotage"
)

var (
	_ pubsub.Broker   = (*Broker)(nil)
	_ pubsub.Prober   = (*Broker)(nil)
	_ pubsub.Repairer = (*Broker)(nil)
)

// Options configure a broker. All but the URL may stay zero.
type Options struct {
	// URL says where Redis is:
	//
	//	redis://[user:password@]host[:port][/database]    rediss:// for TLS
	//	redis+sentinel://host[:port]?master=name          rediss+sentinel://
	//	redis+cluster://host[:port]                       rediss+cluster://
	//	unix:///path/to/socket
	//
	// Parameters: addr=host:port adds a Sentinel or cluster node and may be repeated; db;
	// sentinel_user and sentinel_password; ca_file, a private CA in PEM; server_name, the name in the
	// server's certificate where that is not the host's; sharded_pubsub=off, which has every node of a
	// cluster carry every publication, where one would do. valkey:// means redis://.
	URL string
	// Prefix begins every key and Pub/Sub channel, so that several deployments can share a server.
	// Empty means "magpie".
	Prefix string
	// Timeout is how long a method waits for the server. Zero means 5 seconds.
	Timeout time.Duration
	// Lease is how long members of a process that was killed stay; it is renewed three times as
	// often. Zero means 3 seconds, the least is 300 milliseconds.
	Lease time.Duration
	// Replicas is the most replicas that publishes are going to ask for: a server with fewer is warned of.
	Replicas int
	// Logger hears of lost connections and of what the server refuses. Nil discards.
	Logger *slog.Logger
}

// How long a channel's position is remembered, so that offsets go on where they were.
const (
	positionTTL = 30 * 24 * time.Hour // after its history ended
	emptyTTL    = 24 * time.Hour      // when it was asked for but nothing was published
)

// Broker is a [pubsub.Broker] for all processes that use the same server and prefix.
type Broker struct {
	client  rueidis.Client
	at      address
	name    string // of the server, for people
	wanted  int    // replicas
	keys    keys
	timeout time.Duration
	log     *slog.Logger

	dispatcher *delivery.Dispatcher
	flights    flights
	scripts    *scripts
	feeds      feeds
	presence   *presence
	lease      *lease
	waiting    chan struct{} // holds a token for each connection that waits for replicas

	farewell context.Context    // for what Close does
	cancel   context.CancelFunc // ends the goroutines
	wg       sync.WaitGroup     // counts them
	closed   atomic.Bool
	close    func() error
}

// Open connects to the server and checks that it can be used. The broker needs Run to deliver;
// Close ends its connections.
func Open(ctx context.Context, o Options) (*Broker, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	at, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	client, err := connect(ctx, at, o)
	if err != nil {
		return nil, err
	}
	b := &Broker{client: client, at: at, name: at.name, wanted: o.Replicas, keys: keys{o.Prefix}, timeout: o.Timeout, log: o.Logger, waiting: make(chan struct{}, maxWaiting)}
	b.dispatcher = delivery.New(b.resume)
	b.dispatcher.KeepRecent()
	b.scripts, b.feeds = classic, newReceiver(b, nil)
	if b.shardsFeeds(ctx, at) {
		b.scripts, b.feeds = sharded, newShards(b)
	}
	b.lease = newLease(b, o.Lease)
	b.presence = newPresence(b, b.lease)
	b.close = sync.OnceValue(b.shut)
	if err := b.call(ctx, b.lease.take); err != nil {
		client.Close()
		return nil, fmt.Errorf("open redis: %w", err)
	}
	b.warn(ctx)
	b.farewell = context.WithoutCancel(ctx)
	inner, cancel := context.WithCancel(b.farewell)
	b.cancel = cancel
	b.wg.Go(func() { b.feeds.run(inner) })
	b.wg.Go(func() { b.lease.renewing(inner) })
	b.wg.Go(func() { b.lease.sweeping(inner) })
	b.wg.Go(func() { b.presence.telling(inner) })
	return b, nil
}

func (o Options) complete() (Options, error) {
	if o.Prefix == "" {
		o.Prefix = "magpie"
	}
	if strings.ContainsAny(o.Prefix, "{}") {
		return o, fmt.Errorf("redis prefix %q has a brace, which would tell a cluster where to put the keys", o.Prefix)
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Lease == 0 {
		o.Lease = 3 * time.Second
	}
	if o.Lease < 300*time.Millisecond {
		return o, fmt.Errorf("redis lease of %v is less than 300ms, too short for a busy process to renew", o.Lease)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Publish implements [pubsub.Broker].
func (b *Broker) Publish(ctx context.Context, channel string, data []byte, o pubsub.PublishOptions) (position pubsub.Position, err error) {
	defer b.wrap(&err, "publish to", channel)
	if err := check.Publish(channel, data, o); err != nil {
		return position, err
	}
	if o.HistorySize == 0 {
		return position, b.call(ctx, func(ctx context.Context) error { return b.publish(ctx, channel, data) })
	}
	if o.IdempotencyTTL == 0 {
		o.IdempotencyTTL = pubsub.DefaultIdempotencyTTL
	}
	if o.IdempotencyKey == "" || sabotage.NoIdempotency {
		o.IdempotencyTTL = 0
	}
	if o.Replicas > 0 {
		return b.keepReplicated(ctx, channel, data, o)
	}
	var answer string
	err = b.call(ctx, func(ctx context.Context) (err error) {
		keys, words := b.publishWords(channel, data, o)
		answer, err = b.scripts.publish.Exec(ctx, b.client, keys, words).ToString()
		return err
	})
	if err != nil && sabotage.NoReceipt {
		return position, nil
	}
	if err != nil {
		return position, err
	}
	return b.position(answer)
}

// publishWords are what lua/publish.lua is given.
func (b *Broker) publishWords(channel string, data []byte, o pubsub.PublishOptions) (keys, words []string) {
	wait := ""
	if o.Replicas > 0 {
		wait = "wait"
	}
	return []string{b.keys.head(channel), b.keys.stream(channel), b.keys.answer(channel, o.IdempotencyKey)}, []string{
		b.keys.feed(channel), rueidis.BinaryString(data), strconv.Itoa(o.HistorySize), milliseconds(o.HistoryTTL),
		newEpoch(), milliseconds(o.IdempotencyTTL), milliseconds(positionTTL), wait,
	}
}

// position understands what lua/publish.lua answered.
func (b *Broker) position(answer string) (pubsub.Position, error) {
	position, ok := parsePosition(answer)
	if !ok {
		return position, fmt.Errorf("redis at %s answered %q", b.name, answer)
	}
	return position, nil
}

// publish delivers without history.
func (b *Broker) publish(ctx context.Context, channel string, data []byte) error {
	return b.send(ctx, b.keys.feed(channel), ephemeral+rueidis.BinaryString(data))
}

// send publishes a message. A cluster takes a PUBLISH on any node; naming the feed as key leads it to the
// one where scripts publish, so that the order is kept.
func (b *Broker) send(ctx context.Context, feed, message string) error {
	return b.client.Do(ctx, b.client.B().Arbitrary(b.scripts.publishCommand).Keys(feed).Args(message).Build()).Error()
}

// History implements [pubsub.Broker].
func (b *Broker) History(ctx context.Context, channel string, o pubsub.HistoryOptions) (history pubsub.History, err error) {
	defer b.wrap(&err, "history of", channel)
	if err := check.Channel(channel); err != nil {
		return history, err
	}
	err = b.call(ctx, func(ctx context.Context) (err error) {
		if o.Recent && o.Since != nil && o.Limit != 0 && !o.Reverse {
			history, err = b.recent(ctx, channel, o)
			return err
		}
		history, err = b.read(ctx, channel, o, "since", 0)
		return err
	})
	return history, err
}

// RemoveHistory implements [pubsub.Broker].
func (b *Broker) RemoveHistory(ctx context.Context, channel string) (err error) {
	defer b.wrap(&err, "remove history of", channel)
	if err := check.Channel(channel); err != nil {
		return err
	}
	var answer string
	err = b.call(ctx, func(ctx context.Context) (err error) {
		answer, err = b.scripts.remove.Exec(ctx, b.client,
			[]string{b.keys.head(channel), b.keys.stream(channel)},
			[]string{b.keys.feed(channel), milliseconds(positionTTL)}).ToString()
		return err
	})
	if until, ok := parsePosition(answer); ok && err == nil {
		b.dispatcher.Forget(channel, until) // other processes hear of it
	}
	return err
}

// resume reads what this process missed.
func (b *Broker) resume(ctx context.Context, channel string, since pubsub.Position, limit int) (history pubsub.History, err error) {
	err = b.call(ctx, func(ctx context.Context) (err error) {
		history, err = b.read(ctx, channel, pubsub.HistoryOptions{Since: &since, Limit: limit}, "seen", 0)
		return err
	})
	switch {
	case err == nil || errors.Is(err, context.Canceled) || b.closed.Load():
	case errors.Is(err, pubsub.ErrUnrecoverable):
		b.log.Warn("missed publications are lost", "redis", b.name, "channel", channel,
			"epoch", since.Epoch, "offset", since.Offset, "newest_epoch", history.Position.Epoch, "newest_offset", history.Position.Offset)
	default:
		b.log.Warn("missed publications cannot be read yet", "channel", channel, "error", err.Error())
	}
	return history, err
}

// maxOffset is the largest number that Lua counts exactly. No channel gets there.
const maxOffset = 1<<53 - 2

// read asks for a part of a history, and for as many as margin publications from before o.Since; how says
// what o.Since is: see lua/history.lua.
func (b *Broker) read(ctx context.Context, channel string, o pubsub.HistoryOptions, how string, margin int) (pubsub.History, error) {
	var since pubsub.Position
	if o.Since == nil {
		how = ""
	} else {
		since = *o.Since
	}
	reverse := ""
	if o.Reverse {
		reverse = "reverse"
	}
	answer, err := b.scripts.history.Exec(ctx, b.client,
		[]string{b.keys.head(channel), b.keys.stream(channel)},
		[]string{
			newEpoch(), milliseconds(emptyTTL), how, since.Epoch, strconv.FormatUint(min(since.Offset, maxOffset), 10),
			strconv.Itoa(o.Limit), reverse, strconv.Itoa(margin),
		}).ToArray()
	if err != nil {
		return pubsub.History{}, err
	}
	return parseHistory(answer)
}

// Subscribe implements [pubsub.Broker]. After an error the channel may be subscribed or not.
func (b *Broker) Subscribe(ctx context.Context, channel string) (err error) {
	defer b.wrap(&err, "subscribe to", channel)
	if err := check.Channel(channel); err != nil {
		return err
	}
	return b.call(ctx, func(ctx context.Context) error { return b.feeds.join(ctx, channel) })
}

// Unsubscribe implements [pubsub.Broker]. It does not wait for the server.
func (b *Broker) Unsubscribe(ctx context.Context, channel string) (err error) {
	defer b.wrap(&err, "unsubscribe from", channel)
	if err := check.Channel(channel); err != nil {
		return err
	}
	return b.call(ctx, func(ctx context.Context) error { return b.feeds.leave(ctx, channel) })
}

// Enter implements [pubsub.Broker]. After an error the member is not in channel, or will soon not be.
func (b *Broker) Enter(ctx context.Context, channel string, member pubsub.Member, o pubsub.PresenceOptions) (err error) {
	defer b.wrap(&err, "enter", channel)
	if err := check.Member(channel, member, o); err != nil {
		return err
	}
	return b.call(ctx, func(ctx context.Context) error { return b.presence.enter(ctx, channel, member, o) })
}

// Leave implements [pubsub.Broker]. After an error the member still leaves, once the server can be
// reached.
func (b *Broker) Leave(ctx context.Context, channel, id string) (err error) {
	defer b.wrap(&err, "leave", channel)
	if err := check.Channel(channel); err != nil {
		return err
	}
	return b.call(ctx, func(ctx context.Context) error { return b.presence.leave(ctx, channel, id) })
}

// Members implements [pubsub.Broker].
func (b *Broker) Members(ctx context.Context, channel string) (members []pubsub.Member, err error) {
	defer b.wrap(&err, "members of", channel)
	if err := check.Channel(channel); err != nil {
		return nil, err
	}
	err = b.call(ctx, func(ctx context.Context) (err error) {
		members, err = b.presence.members(ctx, channel)
		return err
	})
	return members, err
}

// PresenceStats implements [pubsub.Broker].
func (b *Broker) PresenceStats(ctx context.Context, channel string) (stats pubsub.PresenceStats, err error) {
	defer b.wrap(&err, "presence stats of", channel)
	if err := check.Channel(channel); err != nil {
		return stats, err
	}
	err = b.call(ctx, func(ctx context.Context) (err error) {
		stats, err = b.presence.stats(ctx, channel)
		return err
	})
	return stats, err
}

// Probe implements [pubsub.Prober].
func (b *Broker) Probe(ctx context.Context) error {
	return b.call(ctx, b.feeds.echo)
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

// Close implements [pubsub.Broker]. It waits for the server, at most twice [Options.Timeout], so that
// members leave; where that fails they do with the lease.
func (b *Broker) Close() error { return b.close() }

func (b *Broker) shut() error {
	b.closed.Store(true)
	b.dispatcher.Close()
	b.cancel()
	b.wg.Wait()
	ctx, cancel := context.WithTimeout(b.farewell, b.timeout)
	defer cancel()
	b.presence.dismiss(ctx)
	b.presence.tell(ctx)
	err := b.lease.forget(ctx, b.lease.node())
	b.client.Close()
	if err != nil {
		// Nobody is left to try again: the lease will end by itself.
		b.log.Warn("redis could not be told of the end", "redis", b.name, "error", err.Error())
	}
	return nil
}

func newEpoch() string { return rand.Text()[:12] }

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
