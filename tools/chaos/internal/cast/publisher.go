package cast

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

// Send publishes a message under a key, by the server of that number, and returns when it is acknowledged.
type Send func(ctx context.Context, server int, channel, key string) error

// Publisher sends one message after the other, each under a key of its own.
type Publisher struct {
	Stage
	Name string
	Send Send
	// Every is how long after one message the next comes.
	Every time.Duration
	// Insist has it try again, under the same key, until the message is acknowledged. Otherwise it gives up after one try.
	Insist bool
	// Server is the number of the first server to go to.
	Server int
}

// tryTime is how long a publisher waits for an acknowledgement before it tries again.
const tryTime = 2 * time.Second

// Run publishes until stop is closed, and then lets the last message be tried for as long as ctx lasts.
func (p *Publisher) Run(ctx context.Context, stop <-chan struct{}) {
	for n := 1; ctx.Err() == nil; n++ {
		channel := p.Channels[n%len(p.Channels)]
		p.publish(ctx, channel, fmt.Sprintf("%s-%d", p.Name, n))
		select {
		case <-stop:
			return
		case <-ctx.Done():
		case <-time.After(p.Every/2 + rand.N(p.Every)): //nolint:gosec // jitter is no secret
		}
	}
}

func (p *Publisher) publish(ctx context.Context, channel, key string) {
	for {
		e := record.Event{Kind: record.Publish, Who: p.Name, Channel: channel, Key: key}
		p.Log.Add(e)
		err := p.try(ctx, channel, key)
		if err == nil {
			e.Kind = record.Ack
			p.Log.Add(e)
			return
		}
		e.Kind, e.Text = record.Fail, err.Error()
		p.Log.Add(e)
		p.Server++
		if !p.Insist || ctx.Err() != nil {
			return
		}
		pause(ctx, minWait+rand.N(2*minWait)) //nolint:gosec // jitter is no secret
	}
}

func (p *Publisher) try(ctx context.Context, channel, key string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	return p.Send(ctx, p.Server%len(p.Servers), channel, key)
}
