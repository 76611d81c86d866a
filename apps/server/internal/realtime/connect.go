package realtime

import (
	"context"
	"math"
	"time"
)

// connect says who the connection is.
func (c *connection) connect(ctx context.Context, id uint32, cmd *connectCommand) error {
	reply, err := c.hub.handler.Connect(ctx, ConnectRequest{
		Client:     c.id,
		Token:      cmd.Token,
		Data:       cmd.Data,
		Name:       cmd.Name,
		Version:    cmd.Version,
		Header:     c.header,
		RemoteAddr: c.remoteAddr,
	})
	if err != nil {
		return err
	}
	now := time.Now()
	_, refresher := c.hub.handler.(Refresher)
	refreshable := refresher && cmd.Token != ""
	answer := connectResult{
		Client: c.id,
		Data:   reply.Data,
		Ping:   uint32(c.hub.options.PingInterval.Seconds()),
		Pong:   true,
	}
	if s, ok := c.transport.(*stream); ok {
		answer.Session, answer.Node = s.session, c.hub.options.Nodes.Self()
	}
	if refreshable {
		answer.Expires, answer.TTL = lifetime(now, reply.ExpireAt)
	}
	if err := c.succeed(id, answer); err != nil {
		return err
	}
	c.client = Client{ID: c.id, User: reply.User, Info: reply.Info}
	c.header = nil
	c.begin(now, reply.ExpireAt, refreshable)
	return nil
}

// begin sets the connection's clock going.
func (c *connection) begin(now, expireAt time.Time, refreshable bool) {
	c.mu.Lock()
	c.pulse.start(now, c.hub.options.PingInterval)
	c.pulse.expire(expireAt, refreshable)
	wait := c.pulse.next().Sub(now)
	c.mu.Unlock()
	c.hub.wheel.add(c, wait)
}

// expire sets when the connection ends: who may refresh has some time for it.
func (p *pulse) expire(at time.Time, refreshable bool) {
	if refreshable && !at.IsZero() {
		at = at.Add(expiryGrace)
	}
	p.expireAt = at
}

// lifetime is an end as the wire has it: seconds from now, at least one.
func lifetime(now, expireAt time.Time) (expires bool, seconds uint32) {
	if expireAt.IsZero() {
		return false, 0
	}
	left := math.Ceil(expireAt.Sub(now).Seconds())
	return true, uint32(min(max(1, left), math.MaxUint32))
}

// refresh renews the connection with another token.
func (c *connection) refresh(ctx context.Context, id uint32, cmd *refreshCommand) error {
	refresher, ok := c.hub.handler.(Refresher)
	if !ok {
		return ErrNotAvailable
	}
	expireAt, err := refresher.Refresh(ctx, c.client, cmd.Token)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.pulse.expire(expireAt, true)
	c.mu.Unlock()
	var answer refreshResult
	answer.Expires, answer.TTL = lifetime(time.Now(), expireAt)
	return c.succeed(id, answer)
}
