package realtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/packages/pubsub"
)

// maxOrders is how many connections one order is carried out on at once: each may wait for the broker.
const maxOrders = 32

// Target says whose connections of this server an order is for.
type Target struct {
	// User has them; empty is who is anonymous.
	User string
	// Client narrows it to one connection.
	Client string
	// Except leaves connections out.
	Except []string
}

// register makes a connection known as its user's.
func (h *Hub) register(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	user := c.client.User
	c.place = len(h.users[user])
	h.users[user] = append(h.users[user], c)
}

// unregister ends that. mu is held.
func (h *Hub) unregister(c *connection) {
	if c.place < 0 {
		return
	}
	user := c.client.User
	others := h.users[user]
	last := len(others) - 1
	others[c.place] = others[last]
	others[c.place].place = c.place
	others[last] = nil
	c.place = -1
	if h.users[user] = others[:last]; last == 0 {
		delete(h.users, user)
	}
}

// aimed returns the connections that an order is for.
func (h *Hub) aimed(t Target) []*connection {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var aimed []*connection
	for _, c := range h.users[t.User] {
		if (t.Client == "" || t.Client == c.id) && !slices.Contains(t.Except, c.id) {
			aimed = append(aimed, c)
		}
	}
	return aimed
}

// order carries something out on each of the target's connections, one order or command at a time on each.
func (h *Hub) order(ctx context.Context, t Target, do func(context.Context, *connection) error) error {
	var group errgroup.Group
	group.SetLimit(maxOrders)
	for _, c := range h.aimed(t) {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, commandTimeout)
			defer cancel()
			c.turn.Lock()
			defer c.turn.Unlock()
			c.mu.Lock()
			over := c.gone || c.ending != 0
			c.mu.Unlock()
			if over {
				return nil
			}
			return do(ctx, c)
		})
	}
	return group.Wait()
}

// Subscribe subscribes the target's connections to a channel that they did not ask for. Since, when not
// nil, is where they stopped: what came after it is sent first, as far as it is there. A connection that is
// in the channel already stays as it is. Errors are the broker's, and [ErrLimitExceeded].
func (h *Hub) Subscribe(ctx context.Context, t Target, channel string, offer SubscribeReply, since *pubsub.Position) error {
	if err := checkChannel(channel); err != nil {
		return err
	}
	var cmd subscribeCommand
	if since != nil {
		cmd.Recover, cmd.Epoch, cmd.Offset = true, since.Epoch, since.Offset
	}
	return h.order(ctx, t, func(ctx context.Context, c *connection) error {
		err := c.subscribeByServer(ctx, channel, offer, &cmd)
		if errors.Is(err, ErrAlreadySubscribed) {
			return nil
		}
		return err
	})
}

// subscribeByServer subscribes to a channel and tells the client.
func (c *connection) subscribeByServer(ctx context.Context, channel string, offer SubscribeReply, cmd *subscribeCommand) error {
	s, result, err := c.joinByServer(ctx, channel, offer, cmd)
	if err != nil {
		return err
	}
	push, err := c.codec.push(channel, subscribePush{
		Recoverable: result.Recoverable, Positioned: result.Positioned,
		Epoch: result.Epoch, Offset: result.Offset, Data: result.Data,
	})
	for _, missed := range result.missed {
		if err == nil {
			push, err = c.alsoPush(push, channel, publicationPush(missed))
		}
	}
	if err != nil {
		c.drop(ctx, s)
		return err
	}
	c.golive(push, s)
	c.watchExpiry()
	return nil
}

// alsoPush appends another push to what is sent.
func (c *connection) alsoPush(before []byte, channel string, what object) ([]byte, error) {
	push, err := c.codec.push(channel, what)
	return append(append(before, c.codec.separator()...), push...), err
}

// joinByServer takes a place in a channel for a client that did not ask for it.
func (c *connection) joinByServer(ctx context.Context, channel string, offer SubscribeReply, cmd *subscribeCommand) (*subscription, subscribeResult, error) {
	if err := checkChannel(channel); err != nil {
		return nil, subscribeResult{}, err
	}
	if err := c.vacate(ctx, channel); err != nil {
		return nil, subscribeResult{}, err
	}
	offer.Delta = false // clients ask for it
	s, end, err := c.join(ctx, channel, offer, nil)
	if err != nil {
		return nil, subscribeResult{}, err
	}
	c.mu.Lock()
	s.server, s.expireAt = true, offer.ExpireAt
	c.mu.Unlock()
	result, err := c.begun(ctx, cmd, s, end)
	return s, result, err
}

// joinAll joins the channels that the client is given with its connection, all of them or none.
func (c *connection) joinAll(ctx context.Context, offers map[string]SubscribeReply, stopped map[string]*subscribeCommand) (map[string]subscribeResult, []*subscription, error) {
	results := make(map[string]subscribeResult, len(offers))
	joined := make([]*subscription, 0, len(offers))
	for channel, offer := range offers {
		cmd := stopped[channel]
		if cmd == nil {
			cmd = new(subscribeCommand)
		}
		s, result, err := c.joinByServer(ctx, channel, offer, cmd)
		if err != nil {
			c.dropAll(ctx, joined)
			return nil, nil, fmt.Errorf("subscribe to %q with the connection: %w", channel, err)
		}
		results[channel], joined = result, append(joined, s)
	}
	return results, joined, nil
}

func (c *connection) dropAll(ctx context.Context, subscriptions []*subscription) {
	for _, s := range subscriptions {
		c.drop(ctx, s)
	}
}

// Unsubscribe ends the target's subscriptions to a channel, or to all channels if that is empty, whoever
// made them. Clients are told and do not come back by themselves.
func (h *Hub) Unsubscribe(ctx context.Context, t Target, channel string) error {
	return h.order(ctx, t, func(ctx context.Context, c *connection) error {
		for _, s := range c.held() {
			if channel == "" || channel == s.channel.name {
				c.expel(ctx, s, unsubscribePush{unsubscribeServer, "server unsubscribe"})
			}
		}
		return nil
	})
}

// Disconnect closes the target's connections.
func (h *Hub) Disconnect(t Target, reason DisconnectError) {
	for _, c := range h.aimed(t) {
		c.disconnect(reason)
	}
}

// DisconnectMatching closes the connections whose clients match, and returns how many. It looks at every
// connection, also at those that are still to say who they are.
func (h *Hub) DisconnectMatching(match func(Client) bool, reason DisconnectError) int {
	n := 0
	for _, c := range h.all() {
		c.mu.Lock()
		if c.ending == 0 && match(c.client) {
			c.end(reason)
			n++
		}
		c.mu.Unlock()
	}
	return n
}

// Refresh sets when the target's connections end; the zero time is never. Clients are told.
func (h *Hub) Refresh(ctx context.Context, t Target, expireAt time.Time) error {
	return h.order(ctx, t, func(_ context.Context, c *connection) error {
		var told refreshPush
		told.Expires, told.TTL = lifetime(time.Now(), expireAt)
		push, err := c.codec.push("", told)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.pulse.expire(expireAt, h.mayRefresh())
		c.mu.Unlock()
		c.push(push)
		c.rewind()
		return nil
	})
}

// Channels returns how many clients of this server are subscribed to each of its channels.
func (h *Hub) Channels() map[string]int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	counts := make(map[string]int, len(h.channels))
	for name, ch := range h.channels {
		n := 0
		for i := range ch.audiences {
			n += int(ch.audiences[i].size.Load())
		}
		if n > 0 {
			counts[name] = n
		}
	}
	return counts
}

// Users is how many users have connections to this server; all that are anonymous count as one.
func (h *Hub) Users() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.users)
}
