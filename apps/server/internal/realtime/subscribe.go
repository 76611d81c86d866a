package realtime

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"magpie.build/apps/server/internal/filter"
	"magpie.build/packages/pubsub"
)

// subscribe joins a channel. The subscription takes its place in the log first, then finds out what
// was missed, and last, as one step, the reply is sent and delivery begins: so the reply comes before
// any push, and what was published meanwhile after the reply.
func (c *connection) subscribe(ctx context.Context, id uint32, cmd *subscribeCommand) error {
	if err := c.checkSubscribe(ctx, cmd); err != nil {
		return err
	}
	offer, err := c.hub.handler.Subscribe(ctx, c.client, SubscribeRequest{Channel: cmd.Channel, Token: cmd.Token, Data: cmd.Data})
	if err != nil {
		return err
	}
	wanted, err := c.filter(cmd, offer)
	if err != nil {
		return err
	}
	offer.Delta = offer.Delta && cmd.Delta == deltaFossil
	s, end, err := c.join(ctx, cmd.Channel, offer, wanted)
	if err != nil {
		return err
	}
	result, err := c.begun(ctx, cmd, s, end)
	if err != nil {
		return err
	}
	reply, err := c.codec.answer(id, result)
	if err != nil {
		c.drop(ctx, s)
		return err
	}
	c.golive(reply, s)
	c.watchExpiry()
	return nil
}

// begun finds out where a subscription begins and enters its client among the members. After an error
// the subscription is gone.
func (c *connection) begun(ctx context.Context, cmd *subscribeCommand, s *subscription, end logEnd) (subscribeResult, error) {
	result, err := c.subscribeResult(ctx, cmd, s, end)
	if err == nil && (s.offer.Presence || s.offer.JoinLeave) {
		err = c.enterPresence(ctx, s)
	}
	if err != nil {
		c.drop(ctx, s)
	}
	return result, err
}

// checkSubscribe refuses what needs no handler to be refused.
func (c *connection) checkSubscribe(ctx context.Context, cmd *subscribeCommand) error {
	if err := checkChannel(cmd.Channel); err != nil {
		return err
	}
	if cmd.Type != 0 {
		return ErrNotAvailable // maps and shared polls
	}
	return c.vacate(ctx, cmd.Channel)
}

// vacate makes sure that the channel is free for another subscription.
func (c *connection) vacate(ctx context.Context, channel string) error {
	if old := c.subscription(channel); old != nil {
		if !c.isBroken(old) {
			return ErrAlreadySubscribed
		}
		c.drop(ctx, old)
	}
	if len(c.held()) >= c.hub.options.MaxChannels {
		return &Error{Code: ErrLimitExceeded.Code, Message: fmt.Sprintf("a connection may subscribe to %d channels", c.hub.options.MaxChannels)}
	}
	return nil
}

// checkChannel refuses a name that no broker takes.
func checkChannel(name string) error {
	if name == "" || len(name) > pubsub.MaxChannel || !utf8.ValidString(name) {
		return &Error{Code: ErrBadRequest.Code, Message: fmt.Sprintf("a channel's name has 1 to %d bytes", pubsub.MaxChannel)}
	}
	return nil
}

// join gives the connection a place in the channel, which collects from now on, and returns the
// log's end at that place. A filter that is not nil leaves publications out.
func (c *connection) join(ctx context.Context, name string, offer SubscribeReply, wanted *filter.Node) (*subscription, logEnd, error) {
	ch, err := c.hub.acquire(ctx, name)
	if err != nil {
		return nil, logEnd{}, err
	}
	s := &subscription{connection: c, channel: ch, offer: offer, wanted: wanted, variant: c.codec.variant(), state: joining}
	if offer.Delta {
		s.variant = s.variant.ofDeltas()
	}
	s.expire(offer.ExpireAt)
	at, end := ch.enter(s)
	s.at = at
	c.mu.Lock()
	c.subscriptions = append(c.subscriptions, s)
	c.mu.Unlock()
	ch.gather.Store(int64(min(max(0, offer.Gather), maxGather)))
	ch.audiences[c.shard.index].add(s)
	c.hub.counters.subscriptions.Add(1)
	return s, end, nil
}

// golive sends the reply and has the subscriptions deliver.
func (c *connection) golive(reply []byte, subscriptions ...*subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enqueue(reply)
	for _, s := range subscriptions {
		s.state = live
		s.enqueue()
	}
}

// drop ends a subscription.
func (c *connection) drop(ctx context.Context, s *subscription) {
	c.mu.Lock()
	s.state, s.at, s.behind = broken, nil, false
	c.subscriptions = slices.DeleteFunc(c.subscriptions, func(other *subscription) bool { return other == s })
	c.mu.Unlock()
	s.channel.audiences[c.shard.index].remove(s)
	s.channel.exit(s)
	c.hub.counters.subscriptions.Add(-1)
	if s.entered {
		c.leavePresence(ctx, s)
	}
	c.hub.release(ctx, s.channel)
}

// unsubscribe leaves a channel. Leaving one that it is not in is as good.
func (c *connection) unsubscribe(ctx context.Context, id uint32, cmd *channelCommand) error {
	if s := c.subscription(cmd.Channel); s != nil {
		c.drop(ctx, s)
	}
	return c.succeed(id, unsubscribeResult{})
}

func (c *connection) subscription(channel string) *subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subscriptions {
		if s.channel.name == channel {
			return s
		}
	}
	return nil
}

func (c *connection) isBroken(s *subscription) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.state == broken
}

// held returns the connection's subscriptions.
func (c *connection) held() []*subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.subscriptions)
}

// subscribeResult finds out where the subscription begins.
func (c *connection) subscribeResult(ctx context.Context, cmd *subscribeCommand, s *subscription, end logEnd) (subscribeResult, error) {
	answer := subscribeResult{Data: s.offer.Data, Delta: s.offer.Delta}
	if c.hub.mayRefresh() && !s.server {
		answer.Expires, answer.TTL = lifetime(time.Now(), s.offer.ExpireAt)
	}
	if s.offer.tracked() {
		var since *pubsub.Position
		recovers := cmd.Recover && s.offer.Recoverable
		if recovers {
			since = &pubsub.Position{Epoch: cmd.Epoch, Offset: cmd.Offset}
		}
		r, err := c.hub.resume(ctx, s.channel, since, end)
		if recovers {
			c.hub.counters.recoveries.add(outcome(r, err))
		}
		if err != nil {
			return answer, err
		}
		if recovers && !r.recovered && cmd.Flag&flagRejectUnrecovered != 0 {
			return answer, ErrUnrecoverablePosition
		}
		s.position, answer.missed = r.position, s.filter(r.publications)
		answer.Recoverable, answer.Positioned = s.offer.Recoverable, true
		answer.Recovered, answer.WasRecovering = r.recovered, recovers
		answer.Epoch, answer.Offset = r.position.Epoch, r.position.Offset
		if r.recovered && len(answer.missed) > 0 {
			// The client moves on from where it was by applying what it missed.
			answer.Offset = cmd.Offset
		}
	}
	return answer, nil
}
