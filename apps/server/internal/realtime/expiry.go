package realtime

import (
	"context"
	"time"
)

// mayRefresh reports whether clients can renew what expires.
func (h *Hub) mayRefresh() bool {
	_, ok := h.handler.(Refresher)
	return ok
}

// expire sets when the subscription ends: a client that may refresh it has some time for it.
func (s *subscription) expire(at time.Time) {
	if !at.IsZero() && !s.server && s.connection.hub.mayRefresh() {
		at = at.Add(expiryGrace)
	}
	s.expireAt = at
}

// watchExpiry has the connection looked at when the first of its subscriptions ends.
func (c *connection) watchExpiry() {
	c.mu.Lock()
	before := c.pulse.lapseAt
	c.pulse.lapseAt = time.Time{}
	for _, s := range c.subscriptions {
		if at := s.expireAt; !at.IsZero() && s.state != broken && (c.pulse.lapseAt.IsZero() || at.Before(c.pulse.lapseAt)) {
			c.pulse.lapseAt = at
		}
	}
	changed := !c.pulse.lapseAt.Equal(before)
	c.mu.Unlock()
	if changed {
		c.rewind()
	}
}

// lapse ends the subscriptions that nobody refreshed.
func (c *connection) lapse() {
	c.turn.Lock()
	defer c.turn.Unlock()
	ctx, cancel := context.WithTimeout(c.hub.ctx, commandTimeout)
	defer cancel()
	now := time.Now()
	for _, s := range c.held() {
		switch {
		case !due(s.expireAt, now) || c.isBroken(s):
		case s.server:
			c.disconnect(DisconnectSubscriptionExpired)
		default:
			c.expel(ctx, s, unsubscribePush{unsubscribeExpired, "subscription expired"})
		}
	}
	c.watchExpiry()
}

// expel ends a subscription and tells its client.
func (c *connection) expel(ctx context.Context, s *subscription, push unsubscribePush) {
	c.drop(ctx, s)
	if encoded, err := c.codec.push(s.channel.name, push); err == nil { // as it always is
		c.push(encoded)
	}
}

// subRefresh renews a subscription with another token.
func (c *connection) subRefresh(ctx context.Context, id uint32, cmd *subRefreshCommand) error {
	refresher, ok := c.hub.handler.(Refresher)
	if !ok || cmd.Type != 0 {
		return ErrNotAvailable
	}
	s := c.subscription(cmd.Channel)
	if s == nil || s.server || c.isBroken(s) {
		return ErrPermissionDenied
	}
	expireAt, err := refresher.RefreshSubscription(ctx, c.client, cmd.Channel, cmd.Token)
	if err != nil {
		return err
	}
	c.mu.Lock()
	s.expire(expireAt)
	c.mu.Unlock()
	c.watchExpiry()
	var answer subRefreshResult
	answer.Expires, answer.TTL = lifetime(time.Now(), expireAt)
	return c.succeed(id, answer)
}
