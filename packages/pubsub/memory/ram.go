package memory

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/sabotage"
)

// ram is a store that ends with the process.
type ram struct {
	deliver deliver
	clock   *clock
	epoch   string

	mu        sync.Mutex
	channels  map[string]*log
	keys      map[key]answer
	deadlines deadlines
}

// log is one channel's history. Offsets of publications are consecutive and end at position's.
type log struct {
	position     pubsub.Position
	publications []pubsub.Publication
	expires      time.Time // of publications; zero is never
	watched      bool      // a deadline is set for expires, or for an earlier one
}

// key is an idempotency key.
type key struct{ channel, name string }

// keyOf is the key of a publish; without a name when it has none.
func keyOf(p publish) key {
	if sabotage.NoIdempotency {
		return key{channel: p.channel}
	}
	return key{p.channel, p.options.IdempotencyKey}
}

// answer is what a publish under a key returned.
type answer struct {
	position pubsub.Position
	expires  time.Time
}

func newRAM(d deliver) *ram {
	return &ram{deliver: d, clock: newClock(), epoch: newEpoch(), channels: make(map[string]*log), keys: make(map[key]answer)}
}

func (r *ram) publish(_ context.Context, p publish) (pubsub.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, wall := r.clock.now()
	r.expire(now)
	k := keyOf(p)
	if earlier, ok := r.keys[k]; ok && k.name != "" {
		return earlier.position, nil
	}
	l := r.channels[p.channel]
	if l == nil {
		l = &log{position: pubsub.Position{Epoch: r.epoch}}
		r.channels[p.channel] = l
	}
	l.end(now)
	publication := l.append(p, now, wall)
	r.watch(p.channel, l)
	if k.name != "" {
		expires := now.Add(p.options.IdempotencyTTL)
		r.keys[k] = answer{publication.Position, expires}
		heap.Push(&r.deadlines, deadline{k, expires})
	}
	r.deliver(p.channel, publication)
	return publication.Position, nil
}

func (r *ram) history(channel string, o pubsub.HistoryOptions) (pubsub.History, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, _ := r.clock.now()
	r.expire(now)
	if l := r.channels[channel]; l != nil {
		l.end(now)
		return l.read(o)
	}
	none := log{position: pubsub.Position{Epoch: r.epoch}}
	return none.read(o)
}

func (r *ram) remove(_ context.Context, channel string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.channels[channel]; l != nil {
		l.publications = nil
	}
	return nil
}

func (r *ram) probe(context.Context) error { return nil }

func (r *ram) close() error { return nil }

// expire forgets what nobody may see any more.
func (r *ram) expire(now time.Time) {
	for r.deadlines.Len() > 0 && !now.Before(r.deadlines.all[0].at) {
		due, _ := heap.Pop(&r.deadlines).(deadline)
		if due.name != "" {
			delete(r.keys, due.key)
			continue
		}
		l := r.channels[due.channel]
		l.watched = false
		if l.end(now); len(l.publications) > 0 {
			r.watch(due.channel, l)
		}
	}
}

// watch sets a deadline for the channel's history if it needs one. There is never more than one:
// it moves when it comes, not at each publish.
func (r *ram) watch(channel string, l *log) {
	if l.watched || l.expires.IsZero() {
		return
	}
	l.watched = true
	heap.Push(&r.deadlines, deadline{key{channel: channel}, l.expires})
}

// end forgets the publications once their time has come.
func (l *log) end(now time.Time) {
	if !l.expires.IsZero() && !now.Before(l.expires) {
		l.publications = nil
	}
}

func (l *log) append(p publish, now, wall time.Time) pubsub.Publication {
	l.position.Offset++
	publication := pubsub.Publication{Position: l.position, Time: wall, Data: p.data}
	l.publications = append(l.publications, publication)
	if surplus := len(l.publications) - p.options.HistorySize; surplus > 0 {
		clear(l.publications[:surplus])
		l.publications = l.publications[surplus:]
	}
	l.expires = time.Time{}
	if p.options.HistoryTTL > 0 {
		l.expires = now.Add(p.options.HistoryTTL)
	}
	return publication
}

// read returns the part of the history that o chooses.
func (l *log) read(o pubsub.HistoryOptions) (pubsub.History, error) {
	answer := pubsub.History{Position: l.position}
	first, last, ok := choose(l.position, len(l.publications), o)
	if !ok {
		return answer, pubsub.ErrUnrecoverable
	}
	oldest := l.position.Offset - uint64(len(l.publications)) + 1
	if first <= last {
		answer.Publications = slices.Clone(l.publications[first-oldest : last-oldest+1])
	}
	if o.Reverse {
		slices.Reverse(answer.Publications)
	}
	return answer, nil
}

// deadlines is a heap, the soonest on top.
type deadlines struct{ all []deadline }

// deadline is when an idempotency key, or with no name the channel's history, may end.
type deadline struct {
	key

	at time.Time
}

// Len, Less, Swap, Push and Pop are for package heap.

func (d *deadlines) Len() int           { return len(d.all) }
func (d *deadlines) Less(i, j int) bool { return d.all[i].at.Before(d.all[j].at) }
func (d *deadlines) Swap(i, j int)      { d.all[i], d.all[j] = d.all[j], d.all[i] }

func (d *deadlines) Push(x any) {
	if due, ok := x.(deadline); ok {
		d.all = append(d.all, due)
	}
}

func (d *deadlines) Pop() any {
	last := d.all[len(d.all)-1]
	d.all = d.all[:len(d.all)-1]
	return last
}
