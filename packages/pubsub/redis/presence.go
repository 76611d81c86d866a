package redis

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/crowd"
)

// settling is how many members are brought up to date at once.
const settling = 64

// presence keeps the members of this process in Redis. What is meant to be is in here; what Redis
// may not know yet is unsettled, and is tried again until it does.
type presence struct {
	broker *Broker
	lease  *lease
	moves  crowd.Moves // what was not told, of this process' members

	mu        sync.Mutex
	here      map[place]*resident
	rooms     map[string]int    // how many of here are in a channel
	noted     map[string]string // channel → node with which Redis has it noted
	unsettled map[place]struct{}
}

// place is where a member is.
type place struct{ channel, id string }

// resident is a member, and what is told of it.
type resident struct {
	pubsub.Member

	options pubsub.PresenceOptions
}

func newPresence(b *Broker, l *lease) *presence {
	return &presence{
		broker:    b,
		lease:     l,
		here:      make(map[place]*resident),
		rooms:     make(map[string]int),
		noted:     make(map[string]string),
		unsettled: make(map[place]struct{}),
	}
}

func (p *presence) enter(ctx context.Context, channel string, member pubsub.Member, o pubsub.PresenceOptions) error {
	at := place{channel, member.ID}
	p.put(at, &resident{member, o})
	err := p.settle(ctx, at)
	if err != nil {
		p.put(at, nil) // the caller is told that nobody entered
	}
	return err
}

func (p *presence) leave(ctx context.Context, channel, id string) error {
	at := place{channel, id}
	if !p.put(at, nil) {
		return nil
	}
	return p.settle(ctx, at)
}

// put changes what is meant to be. It reports whether anybody was there before.
func (p *presence) put(at place, member *resident) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, was := p.here[at]
	switch {
	case member != nil:
		p.here[at] = member
		if !was {
			p.rooms[at.channel]++
		}
	case was:
		delete(p.here, at)
		if p.rooms[at.channel]--; p.rooms[at.channel] == 0 {
			delete(p.rooms, at.channel)
		}
	default:
		return false
	}
	p.unsettled[at] = struct{}{}
	return was
}

// settle makes Redis agree with what is meant to be. When that changed meanwhile it starts again,
// so that of several at once whoever is last leaves the truth.
func (p *presence) settle(ctx context.Context, at place) error {
	for {
		p.mu.Lock()
		member := p.here[at]
		p.mu.Unlock()
		var err error
		if member != nil {
			err = p.write(ctx, at.channel, *member)
		} else {
			err = p.erase(ctx, at)
		}
		if err != nil {
			return err
		}
		if p.settled(at, member) {
			return nil
		}
	}
}

func (p *presence) settled(at place, member *resident) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.here[at] != member {
		return false
	}
	delete(p.unsettled, at)
	return true
}

func (p *presence) write(ctx context.Context, channel string, member resident) error {
	keys, node := p.broker.keys, p.lease.node()
	if err := p.note(ctx, channel, node); err != nil {
		return err
	}
	untold, err := p.broker.scripts.enter.Exec(ctx, p.broker.client, keys.presence(channel),
		[]string{keys.feed(channel), member.ID, node, strconv.Itoa(member.options.MaxNamed), memberText(member.Member)}).ToString()
	p.gather(channel, untold)
	return err
}

// note tells Redis that the node has members in channel, before it has: whoever sweeps after the
// node will look there.
func (p *presence) note(ctx context.Context, channel, node string) error {
	p.mu.Lock()
	done := p.noted[channel] == node
	p.mu.Unlock()
	if done {
		return nil
	}
	client := p.broker.client
	if err := client.Do(ctx, client.B().Sadd().Key(p.broker.keys.rooms(node)).Member(channel).Build()).Error(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noted[channel] = node
	return nil
}

// tidy drops the notes of channels without members.
func (p *presence) tidy(ctx context.Context) error {
	client, node := p.broker.client, p.lease.node()
	for _, channel := range p.empty() {
		if err := client.Do(ctx, client.B().Srem().Key(p.broker.keys.rooms(node)).Member(channel).Build()).Error(); err != nil {
			return err
		}
		p.mu.Lock()
		back := p.rooms[channel] > 0
		delete(p.noted, channel)
		p.mu.Unlock()
		if !back {
			continue
		}
		if err := p.note(ctx, channel, node); err != nil { // somebody entered and found it noted
			return err
		}
	}
	return nil
}

// empty returns channels that are noted and have no members.
func (p *presence) empty() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var empty []string
	for channel := range p.noted {
		if p.rooms[channel] == 0 {
			empty = append(empty, channel)
		}
	}
	return empty
}

func (p *presence) erase(ctx context.Context, at place) error {
	keys := p.broker.keys
	untold, err := p.broker.scripts.leave.Exec(ctx, p.broker.client, keys.presence(at.channel), []string{keys.feed(at.channel), at.id}).ToString()
	p.gather(at.channel, untold)
	return err
}

// gather notes what a script did not tell, if anything.
func (p *presence) gather(channel, untold string) {
	if e, err := parsePayload(untold); err == nil && e.presence != nil {
		p.moves.Add(channel, *e.presence)
	}
}

// telling tells what was gathered until ctx ends.
func (p *presence) telling(ctx context.Context) {
	tick := time.NewTicker(crowd.Interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.tell(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// tell tells what was gathered. Where that fails it is told later how many there are.
func (p *presence) tell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.broker.timeout)
	defer cancel()
	keys := p.broker.keys
	for channel, events := range p.moves.Take() {
		words := []string{keys.feed(channel)}
		for _, event := range events {
			words = append(words, event.Member.ID, eventText(event))
		}
		if err := p.broker.scripts.gathered.Exec(ctx, p.broker.client, keys.presence(channel), words).Error(); err != nil {
			p.moves.Again(channel)
		}
	}
}

// settleAll tries everything that is unsettled. What fails stays so.
func (p *presence) settleAll(ctx context.Context) {
	p.mu.Lock()
	places := slices.Collect(maps.Keys(p.unsettled))
	p.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(settling)
	for _, at := range places {
		group.Go(func() error { return p.settle(ctx, at) })
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		p.broker.log.Warn("members cannot be told to redis yet", "redis", p.broker.name, "error", err.Error())
	}
}

// again has every member entered again, under the lease that holds now.
func (p *presence) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := range p.here {
		p.unsettled[at] = struct{}{}
	}
}

// stats asks how many are in the channel. Members of a node whose lease ended count until they are swept.
func (p *presence) stats(ctx context.Context, channel string) (stats pubsub.PresenceStats, err error) {
	client, keys := p.broker.client, p.broker.keys
	counts := []*int{&stats.Members, &stats.Users}
	commands := make(rueidis.Commands, len(counts))
	for i, key := range keys.presence(channel) {
		commands[i] = client.B().Hlen().Key(key).Build()
	}
	for i, result := range client.DoMulti(ctx, commands...) {
		n, err := result.AsInt64()
		if err != nil {
			return stats, err
		}
		*counts[i] = int(n)
	}
	return stats, nil
}

// dismiss has every member leave.
func (p *presence) dismiss(ctx context.Context) {
	p.mu.Lock()
	places := slices.Collect(maps.Keys(p.here))
	p.mu.Unlock()
	for _, at := range places {
		p.put(at, nil)
	}
	p.settleAll(ctx)
}

// members reads who is in the channel. Members of a node whose lease ended count no more, and are
// swept on the way.
func (p *presence) members(ctx context.Context, channel string) ([]pubsub.Member, error) {
	client := p.broker.client
	all, err := client.Do(ctx, client.B().Hgetall().Key(p.broker.keys.members(channel)).Build()).AsStrMap()
	if err != nil {
		return nil, err
	}
	byNode := make(map[string][]pubsub.Member)
	for id, value := range all {
		node, rest, _ := strings.Cut(value, " ")
		_, rest, _ = strings.Cut(rest, " ")
		if member, ok := parseMember(id, rest); ok {
			byNode[node] = append(byNode[node], member)
		}
	}
	dead, err := p.lease.dead(ctx, slices.Collect(maps.Keys(byNode)))
	if err != nil {
		return nil, err
	}
	for _, node := range dead {
		delete(byNode, node)
	}
	members := slices.Concat(slices.Collect(maps.Values(byNode))...)
	slices.SortFunc(members, func(a, b pubsub.Member) int { return cmp.Compare(a.ID, b.ID) })
	return members, nil
}
