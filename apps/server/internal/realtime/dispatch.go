package realtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie.build/packages/pubsub"
)

// handle runs a message's commands, one after another. The protocol allows a client to send what it
// wants to subscribe to along with its connect: if that fails, the rest is passed over.
func (c *connection) handle(message []byte) {
	if c.listens && c.header == nil {
		c.overhear()
		return
	}
	commands, err := c.codec.decode(message)
	if err != nil {
		c.logger().Debug("client sent a malformed message", "error", err)
		c.disconnect(DisconnectBadRequest)
		return
	}
	for i := range commands {
		c.awaitRoom()
		if c.refused || c.isEnding() {
			return
		}
		c.hub.counters.commands.Add(1)
		c.run(&commands[i])
	}
}

// run runs one command and answers it.
func (c *connection) run(cmd *command) {
	if reason := c.violation(cmd); reason != 0 {
		c.disconnect(reason)
		return
	}
	if cmd.isPong() {
		return
	}
	ctx, cancel := context.WithTimeout(c.hub.ctx, commandTimeout)
	defer cancel()
	c.turn.Lock()
	defer c.turn.Unlock()
	var err error
	switch c.credit.spend(time.Now(), c.hub.options.CommandsPerSecond) {
	case affordable:
		if err = c.afford(cmd); err == nil {
			err = c.dispatch(ctx, cmd)
		}
	case overdrawn:
		err = ErrTooManyRequests
	case bankrupt:
		err = DisconnectTooManyRequests
	}
	if err != nil {
		c.fail(cmd, err)
	}
}

// violation says which disconnect a command earns by breaking the protocol's order, 0 for none.
func (c *connection) violation(cmd *command) DisconnectError {
	connected := c.header == nil
	switch {
	case connected == (cmd.Connect != nil):
		return DisconnectBadRequest // not first, or twice
	case cmd.isPong() && !c.pong():
		return DisconnectBadRequest // nobody asked
	case cmd.Send != nil:
		return DisconnectNotAvailable
	case cmd.ID == 0 && !cmd.isPong():
		return DisconnectBadRequest // there is nothing to answer to
	default:
		return 0
	}
}

// afford refuses publishes and subscribes beyond their own limits.
func (c *connection) afford(cmd *command) error {
	now, o := time.Now(), &c.hub.options
	switch {
	case cmd.Publish != nil && !c.publishes.allow(now, o.PublishesPerSecond):
		return tooMany("publish", o.PublishesPerSecond)
	case cmd.Subscribe != nil && !c.subscribes.allow(now, o.SubscribesPerSecond):
		return tooMany("subscribe", o.SubscribesPerSecond)
	default:
		return nil
	}
}

func tooMany(what string, perSecond int) error {
	return &Error{Code: ErrTooManyRequests.Code, Message: fmt.Sprintf("a connection may %s %d times a second", what, perSecond), Temporary: true}
}

// dispatch runs the command. Whatever has a reply of success sends it itself.
func (c *connection) dispatch(ctx context.Context, cmd *command) error {
	switch {
	case cmd.Connect != nil:
		return c.connect(ctx, cmd.ID, cmd.Connect)
	case cmd.Subscribe != nil:
		return c.subscribe(ctx, cmd.ID, cmd.Subscribe)
	case cmd.Unsubscribe != nil:
		return c.unsubscribe(ctx, cmd.ID, cmd.Unsubscribe)
	case cmd.Publish != nil:
		return c.publish(ctx, cmd.ID, cmd.Publish)
	case cmd.Presence != nil:
		return c.presence(ctx, cmd.ID, cmd.Presence)
	case cmd.PresenceStats != nil:
		return c.presenceStats(ctx, cmd.ID, cmd.PresenceStats)
	case cmd.History != nil:
		return c.history(ctx, cmd.ID, cmd.History)
	case cmd.RPC != nil:
		return c.rpc(ctx, cmd.ID, cmd.RPC)
	case cmd.Refresh != nil:
		return c.refresh(ctx, cmd.ID, cmd.Refresh)
	case cmd.SubRefresh != nil:
		return c.subRefresh(ctx, cmd.ID, cmd.SubRefresh)
	case cmd.Ping != nil:
		return ErrNotAvailable
	default:
		return ErrMethodNotFound
	}
}

// fail answers a command that did not succeed.
func (c *connection) fail(cmd *command, err error) {
	c.refused = c.header != nil
	if reason, ok := errors.AsType[DisconnectError](err); ok {
		c.disconnect(reason)
		return
	}
	answer := c.answerTo(err)
	c.logRefused(cmd, answer, err)
	c.hub.counters.errors.add(answer.Code)
	if c.listens {
		c.disconnect(endFor(answer))
		return
	}
	c.push(c.codec.refusal(cmd.ID, answer))
}

// answerTo is the one table from errors to what clients are told.
func (c *connection) answerTo(err error) *Error {
	if answer, ok := errors.AsType[*Error](err); ok {
		return answer
	}
	switch {
	case errors.Is(err, pubsub.ErrInvalidChannel), errors.Is(err, pubsub.ErrTooLarge), errors.Is(err, pubsub.ErrInvalidOptions):
		return ErrBadRequest
	case errors.Is(err, pubsub.ErrUnrecoverable):
		return ErrUnrecoverablePosition
	case errors.Is(err, pubsub.ErrNotReplicated):
		return ErrNotReplicated
	default:
		return ErrInternal
	}
}
