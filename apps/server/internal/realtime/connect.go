package realtime

import (
	"context"
	"fmt"
	"math"
	"time"
)

// connect says who the connection is.
func (c *connection) connect(ctx context.Context, id uint32, cmd *connectCommand) error {
	if len(cmd.Name) > maxClientName || len(cmd.Version) > maxClientVersion {
		return &Error{Code: ErrBadRequest.Code, Message: fmt.Sprintf("a client's name has at most %d bytes, its version %d", maxClientName, maxClientVersion)}
	}
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
	if err := c.hub.admission.identify(reply.User); err != nil {
		return err
	}
	c.counted = reply.User
	c.identify(reply)
	subs, joined, err := c.joinAll(ctx, reply.Subscriptions, cmd.Subs)
	if err != nil {
		return err
	}
	now := time.Now()
	_, refresher := c.hub.handler.(Refresher)
	refreshable := refresher && cmd.Token != "" && !c.listens
	answer := connectResult{
		Client: c.id,
		Data:   reply.Data,
		Subs:   subs,
	}
	if c.pings&objectPings != 0 {
		answer.Ping, answer.Pong = uint32(c.hub.options.PingInterval.Seconds()), !c.listens
	}
	if s, ok := c.transport.(*stream); ok && !c.listens {
		answer.Session, answer.Node = s.session, c.hub.options.Nodes.Self()
	}
	if refreshable {
		answer.Expires, answer.TTL = lifetime(now, reply.ExpireAt)
	}
	encoded, err := c.codec.answer(id, answer)
	if err != nil {
		c.dropAll(ctx, joined)
		return err
	}
	c.header = nil
	c.logConnected(cmd.Name, cmd.Version)
	c.begin(now, reply.ExpireAt, refreshable)
	c.golive(encoded, joined...)
	c.watchExpiry()
	c.hub.register(c)
	return nil
}

// identify notes who the client is.
func (c *connection) identify(reply ConnectReply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client = Client{ID: c.id, User: reply.User, Info: reply.Info, Meta: reply.Meta, Credential: reply.Credential}
}

// begin sets the connection's clock going.
func (c *connection) begin(now, expireAt time.Time, refreshable bool) {
	c.mu.Lock()
	c.pulse.start(now, c.hub.options.PingInterval, c.hub.arrivals.Add(1))
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
	reply, err := refresher.Refresh(ctx, c.client, cmd.Token)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.client.Credential = reply.Credential
	c.pulse.expire(reply.ExpireAt, true)
	c.mu.Unlock()
	c.rewind()
	var answer refreshResult
	answer.Expires, answer.TTL = lifetime(time.Now(), reply.ExpireAt)
	return c.succeed(id, answer)
}

// rewind has the wheel look at the connection when its next deadline is due, which has changed.
func (c *connection) rewind() {
	c.mu.Lock()
	wait := time.Until(c.pulse.next())
	c.mu.Unlock()
	c.hub.wheel.add(c, wait)
}
