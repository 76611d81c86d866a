package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"golang.org/x/sync/errgroup"

	"magpie.build/packages/pubsub"
)

// nodePrefix begins the channel of one server; its name is what follows.
const nodePrefix = Prefix + "node:"

// maxAnswers is how many answers may wait to be sent. Beyond that they are dropped, and whoever asked
// waits in vain.
const maxAnswers = 1024

// nodeName is what [rand.Text] returns: no name that a client makes up leads to another channel.
var nodeName = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// ErrNoNode is what asking a name returns that is no server's.
var ErrNoNode = errors.New("no server has that name")

// Nodes lets the servers of one deployment ask each other by name. A question goes out once over the
// broker and may be lost: then its answer never comes. Safe for concurrent use.
type Nodes struct {
	broker *Broker
	name   string
	answer func(question []byte) []byte
	// answers and questions on a topic wait for Run.
	answers, questions chan letter
	// topics are set before Run.
	topics map[string]Topic

	mu      sync.Mutex
	waiting map[string]chan []byte
}

var _ pubsub.Handler = (*Nodes)(nil)

// letter is a question, or the answer to one. IDs are as random as names, so that nobody else answers.
type letter struct {
	to       string
	From     string `json:"from"`
	ID       string `json:"id"`
	Answered bool   `json:"answered,omitempty"`
	Topic    string `json:"topic,omitempty"`
	Body     []byte `json:"body"`
}

// NewNodes gives this process a name among its servers.
func NewNodes(broker *Broker) *Nodes {
	return &Nodes{
		broker:    broker,
		name:      rand.Text(),
		answers:   make(chan letter, maxAnswers),
		questions: make(chan letter, maxAnswers),
		topics:    map[string]Topic{},
		waiting:   map[string]chan []byte{},
	}
}

// Self is this server's name. It is no secret.
func (n *Nodes) Self() string { return n.name }

// Start begins to hear the other servers. answer is given their questions one after another, and must
// not wait for anything. It is called once, before [Nodes.Run] and before the broker runs.
func (n *Nodes) Start(ctx context.Context, answer func(question []byte) []byte) error {
	n.answer = answer
	if err := n.broker.Watch(ctx, nodePrefix+n.name, n); err != nil {
		return fmt.Errorf("follow this server's channel: %w", err)
	}
	return n.enter(ctx)
}

// Run answers until ctx ends.
func (n *Nodes) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range thinkers {
		group.Go(func() error { n.think(ctx); return nil })
	}
	group.Go(func() error { return n.reply(ctx) })
	defer n.leave(context.WithoutCancel(ctx))
	return group.Wait()
}

// reply sends the answers.
func (n *Nodes) reply(ctx context.Context) error {
	for {
		select {
		case l := <-n.answers:
			// Whoever asked waits no longer than its context, and asks again if it cares.
			_ = n.send(ctx, l)
		case <-ctx.Done():
			return nil
		}
	}
}

// Ask returns the answer of the server of that name. It waits until ctx ends when there is none.
func (n *Nodes) Ask(ctx context.Context, name string, question []byte) ([]byte, error) {
	if !nodeName.MatchString(name) {
		return nil, ErrNoNode
	}
	return n.ask(ctx, name, "", question)
}

func (n *Nodes) ask(ctx context.Context, name, topic string, question []byte) ([]byte, error) {
	l := letter{to: name, From: n.name, ID: rand.Text(), Topic: topic, Body: question}
	answer := make(chan []byte, 1)
	n.mu.Lock()
	n.waiting[l.ID] = answer
	n.mu.Unlock()
	defer n.forget(l.ID)

	if err := n.send(ctx, l); err != nil {
		return nil, fmt.Errorf("ask the server %s: %w", name, err)
	}
	select {
	case body := <-answer:
		return body, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("ask the server %s: %w", name, ctx.Err())
	}
}

func (n *Nodes) send(ctx context.Context, l letter) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = n.broker.Publish(ctx, nodePrefix+l.to, data, pubsub.PublishOptions{})
	return err
}

func (n *Nodes) forget(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.waiting, id)
}

// HandlePublication implements [pubsub.Handler]: another server asks, or answers.
func (n *Nodes) HandlePublication(_ string, publication pubsub.Publication) {
	var l letter
	if err := json.Unmarshal(publication.Data, &l); err != nil {
		return // it is from no server of ours
	}
	if !l.Answered && l.Topic != "" {
		select {
		case n.questions <- l:
		default: // whoever asked is told that this server did not answer
		}
		return
	}
	if !l.Answered {
		select {
		case n.answers <- letter{to: l.From, From: n.name, ID: l.ID, Answered: true, Body: n.answer(l.Body)}:
		default:
		}
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if answer, ok := n.waiting[l.ID]; ok {
		answer <- l.Body
		delete(n.waiting, l.ID)
	}
}

// HandlePresence implements [pubsub.Handler]: nobody enters the channel.
func (n *Nodes) HandlePresence(string, pubsub.PresenceEvent) {}

// HandlePresenceStats implements [pubsub.Handler].
func (n *Nodes) HandlePresenceStats(string, pubsub.PresenceStats) {}

// HandleBreak implements [pubsub.Handler]: what was lost is asked again.
func (n *Nodes) HandleBreak(string, pubsub.Position) {}
