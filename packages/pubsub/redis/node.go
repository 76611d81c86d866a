package redis

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

// node is a node of a cluster and what is received from it. A nil node stands for the only server.
type node struct {
	shards   *shards
	addr     string
	name     string // random, in the names of probes
	receiver *receiver

	mu    sync.Mutex
	probe string              // a Pub/Sub channel in a slot of the node, or ""
	held  map[string]*request // by channel
	gone  []string            // feeds that the server ended
}

func newNode(s *shards, addr string) *node {
	n := &node{shards: s, addr: addr, name: rand.Text(), held: make(map[string]*request)}
	n.receiver = newReceiver(s.broker, n)
	return n
}

func (n *node) id(i int) string { return n.name + strconv.Itoa(i) }

// client returns the client that leads to this node alone.
func (n *node) client(cluster rueidis.Client) (rueidis.Client, error) {
	if client, ok := cluster.Nodes()[n.addr]; ok && n.probeFeed() != "" {
		return client, nil
	}
	return nil, fmt.Errorf("%w: the node is not part of the cluster now", pubsub.ErrUnavailable)
}

func (n *node) probeFeed() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.probe
}

func (n *node) setProbe(feed string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.probe = feed
}

// channels returns what the node is to deliver.
func (n *node) channels() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	channels := make([]string, 0, len(n.held))
	for channel := range n.held {
		channels = append(channels, channel)
	}
	return channels
}

// hold has the node deliver a channel. It reports false when it does so already.
func (n *node) hold(q *request) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.held[q.channel]
	n.held[q.channel] = q
	return !ok
}

func (n *node) drop(channel string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.held, channel)
}

// dropAll returns everything that the node was to deliver.
func (n *node) dropAll() []*request {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]*request, 0, len(n.held))
	for _, q := range n.held {
		all = append(all, q)
	}
	clear(n.held)
	n.gone = nil
	return all
}

// dropGone returns what the server said it no longer has.
func (n *node) dropGone() []*request {
	n.mu.Lock()
	gone := n.gone
	n.gone = nil
	n.mu.Unlock()
	return n.take(gone)
}

// lost gives back what the node refused to deliver, and returns the channels.
func (n *node) lost(feeds []string) []string {
	requests := n.take(feeds)
	n.shards.stray(requests)
	channels := make([]string, len(requests))
	for i, q := range requests {
		channels[i] = q.channel
	}
	return channels
}

// take drops the channels of feeds.
func (n *node) take(feeds []string) []*request {
	n.mu.Lock()
	defer n.mu.Unlock()
	var requests []*request
	for _, feed := range feeds {
		channel, _ := n.shards.broker.keys.channel(feed)
		if q, ok := n.held[channel]; ok {
			delete(n.held, channel)
			requests = append(requests, q)
		}
	}
	return requests
}

// subscription hears, on the connection's goroutine, of subscriptions that the server ended: the slot
// has moved. What was ended by us is held no more.
func (n *node) subscription(s rueidis.PubSubSubscription) {
	if n == nil || s.Kind != "sunsubscribe" {
		return
	}
	channel, _ := n.shards.broker.keys.channel(s.Channel)
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.held[channel]; ok {
		n.gone = append(n.gone, s.Channel)
		n.receiver.wake()
	}
}

// subscribe has the node deliver feeds, one command a slot as the protocol wants it, and returns those
// of slots that are elsewhere.
func (n *node) subscribe(ctx context.Context, conn rueidis.DedicatedClient, feeds []string) (gone []string, err error) {
	bySlot := n.bySlot(feeds)
	commands := make(rueidis.Commands, len(bySlot))
	for i, feeds := range bySlot {
		commands[i] = conn.B().Ssubscribe().Channel(feeds...).Build()
	}
	for i, result := range conn.DoMulti(ctx, commands...) {
		err := result.Error()
		if err == nil {
			continue
		}
		if answer, ok := rueidis.IsRedisErr(err); ok && elsewhere(answer.Error()) {
			gone = append(gone, bySlot[i]...)
			continue
		}
		return nil, err
	}
	return gone, nil
}

// elsewhere says that a slot is not with the node that answered so, or not yet.
func elsewhere(answer string) bool {
	for _, prefix := range []string{"MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN"} {
		if strings.HasPrefix(answer, prefix) {
			return true
		}
	}
	return false
}

// unsubscribe ends subscriptions, also where the slot has moved and they are none any more.
func (n *node) unsubscribe(ctx context.Context, conn rueidis.DedicatedClient, feeds []string) error {
	bySlot := n.bySlot(feeds)
	commands := make(rueidis.Commands, len(bySlot))
	for i, feeds := range bySlot {
		commands[i] = conn.B().Sunsubscribe().Channel(feeds...).Build()
	}
	for _, result := range conn.DoMulti(ctx, commands...) {
		err := result.Error()
		if answer, ok := rueidis.IsRedisErr(err); ok && elsewhere(answer.Error()) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *node) bySlot(feeds []string) [][]string {
	index := make(map[uint16]int)
	var groups [][]string
	for _, feed := range feeds {
		slot := n.shards.slot(feed)
		i, ok := index[slot]
		if !ok {
			i = len(groups)
			index[slot] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], feed)
	}
	return groups
}

// claim is what a node says of itself.
type claim struct {
	addr  string
	epoch uint64 // of its configuration
	slots []slotRange
}

type slotRange struct{ first, last uint16 }

// parseClaim finds in the answer to CLUSTER NODES what the node says of itself; ok is false for one
// without slots. https://redis.io/docs/latest/commands/cluster-nodes has the format.
func parseClaim(text string) (c claim, ok bool) {
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 8 || !strings.HasPrefix(words[2], "myself,master") {
			continue
		}
		c.epoch, _ = strconv.ParseUint(words[6], 10, 64) // what is no number is older than any
		for _, word := range words[8:] {
			if r, ok := parseSlots(word); ok {
				c.slots = append(c.slots, r)
			}
		}
	}
	return c, len(c.slots) > 0
}

// parseSlots understands "5" and "5-9", and not "[5->-node]", a slot on its way.
func parseSlots(word string) (slotRange, bool) {
	from, to, isRange := strings.Cut(word, "-")
	if !isRange {
		to = from
	}
	first, err := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	ok := err == nil && err2 == nil && first <= last && last < slots
	return slotRange{uint16(first), uint16(last)}, ok
}
