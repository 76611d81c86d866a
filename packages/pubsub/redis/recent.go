package redis

import (
	"context"
	"slices"
	"sync"

	"magpie.build/packages/pubsub"
)

// margin is how many publications from before a position are read with those after it: the next who
// comes back was away for a little longer.
const margin = 64

// flights are the reads of recent history that are under way, one a channel: who comes meanwhile waits
// and then, most often, finds what it wants among what was read.
type flights struct {
	mu  sync.Mutex
	now map[string]*flight
}

type flight struct {
	landed chan struct{}
	failed bool // set before landed is closed
}

// board returns the channel's read under way; mine says that it is for the caller to do, and to land.
func (f *flights) board(channel string) (flown *flight, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if flown, ok := f.now[channel]; ok {
		return flown, false
	}
	if f.now == nil {
		f.now = make(map[string]*flight)
	}
	flown = &flight{landed: make(chan struct{})}
	f.now[channel] = flown
	return flown, true
}

func (f *flights) land(channel string, flown *flight, failed bool) {
	f.mu.Lock()
	delete(f.now, channel)
	f.mu.Unlock()
	flown.failed = failed
	close(flown.landed)
}

// recent answers from what this process received, reading from the server what is older.
func (b *Broker) recent(ctx context.Context, channel string, o pubsub.HistoryOptions) (pubsub.History, error) {
	for {
		if history, ok := b.dispatcher.Recent(channel, *o.Since); ok {
			return bounded(history, o.Limit), nil
		}
		if !b.dispatcher.Has(channel) {
			return b.read(ctx, channel, o, "since", 0)
		}
		flown, mine := b.flights.board(channel)
		if mine {
			history, err := b.fetch(ctx, channel, o)
			b.flights.land(channel, flown, err != nil)
			return history, err
		}
		select {
		case <-flown.landed:
		case <-ctx.Done():
			return pubsub.History{}, ctx.Err()
		}
		if flown.failed {
			return b.read(ctx, channel, o, "since", 0)
		}
	}
}

// fetch reads history after a position and, for others, a little from before it.
func (b *Broker) fetch(ctx context.Context, channel string, o pubsub.HistoryOptions) (pubsub.History, error) {
	history, err := b.read(ctx, channel, o, "since", margin)
	if err != nil {
		return history, err
	}
	b.dispatcher.Recall(channel, history)
	history.Publications = slices.DeleteFunc(slices.Clone(history.Publications), func(p pubsub.Publication) bool {
		return p.Position.Offset <= o.Since.Offset
	})
	return bounded(history, o.Limit), nil
}

// bounded leaves out what is more than limit; below 0 there is none.
func bounded(history pubsub.History, limit int) pubsub.History {
	if limit >= 0 && len(history.Publications) > limit {
		history.Publications = history.Publications[:limit]
	}
	return history
}
