package control

import (
	"context"
	"fmt"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
)

// membersChannel has every server of the deployment as a member, by name. A killed one leaves with its
// lease.
const membersChannel = Prefix + "nodes"

// leaveTime is how long a server that ends takes to say so.
const leaveTime = 2 * time.Second

// thinkers is how many questions on topics a server answers at once.
const thinkers = 8

// Topic answers questions that take some time. Ctx ends with the server.
type Topic func(ctx context.Context, question []byte) (answer []byte)

// Offer has this server answer questions on a topic. It comes before [Nodes.Run].
func (n *Nodes) Offer(name string, topic Topic) { n.topics[name] = topic }

// Survey is what servers answered to a question.
type Survey struct {
	// Answers are by the servers' names.
	Answers map[string][]byte
	// Missing are servers that did not answer in time, or could not be asked.
	Missing []string
}

// AskAll asks all servers of the deployment, this one among them, and waits for their answers until ctx ends.
// An error says that nobody knows who they are.
func (n *Nodes) AskAll(ctx context.Context, topic string, question []byte) (Survey, error) {
	members, err := n.broker.Members(ctx, membersChannel)
	if err != nil {
		return Survey{}, fmt.Errorf("find the servers: %w", err)
	}
	survey := Survey{Answers: make(map[string][]byte, len(members))}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, member := range members {
		asking.Go(func() {
			answer, err := n.ask(ctx, member.ID, topic, question)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				survey.Missing = append(survey.Missing, member.ID)
				return
			}
			survey.Answers[member.ID] = answer
		})
	}
	asking.Wait()
	return survey, nil
}

// enter makes this server one of those that are asked.
func (n *Nodes) enter(ctx context.Context) error {
	if err := n.broker.Enter(ctx, membersChannel, pubsub.Member{ID: n.name}, pubsub.PresenceOptions{}); err != nil {
		return fmt.Errorf("enter the list of servers: %w", err)
	}
	return nil
}

// leave ends that: a server that is about to end is waited for by nobody.
func (n *Nodes) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	_ = n.broker.Leave(ctx, membersChannel, n.name) // else its lease ends
}

// think answers questions on topics until ctx ends.
func (n *Nodes) think(ctx context.Context) {
	for {
		select {
		case l := <-n.questions:
			if topic, ok := n.topics[l.Topic]; ok {
				_ = n.send(ctx, letter{to: l.From, From: n.name, ID: l.ID, Answered: true, Body: topic(ctx, l.Body)})
			}
		case <-ctx.Done():
			return
		}
	}
}
