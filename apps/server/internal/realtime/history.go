package realtime

import (
	"context"

	"magpie.build/packages/pubsub"
)

// history answers with a part of a channel's history.
func (c *connection) history(ctx context.Context, id uint32, cmd *historyCommand) error {
	if err := c.require(cmd.Channel, func(offer SubscribeReply) bool { return offer.History }); err != nil {
		return err
	}
	options := pubsub.HistoryOptions{Limit: int(cmd.Limit), Reverse: cmd.Reverse}
	if most := c.hub.options.MaxHistory; options.Limit < 0 || options.Limit > most {
		options.Limit = most
	}
	if cmd.Since != nil {
		options.Since = &pubsub.Position{Epoch: cmd.Since.Epoch, Offset: cmd.Since.Offset}
	}
	history, err := c.hub.broker.History(ctx, cmd.Channel, options)
	if err != nil {
		return err
	}
	return c.succeed(id, historyResult(history))
}

// require refuses a command on a channel that the client is not subscribed to, or that does not offer
// what it takes.
func (c *connection) require(channel string, offered func(SubscribeReply) bool) error {
	s := c.subscription(channel)
	switch {
	case s == nil:
		return ErrPermissionDenied
	case !offered(s.offer):
		return ErrNotAvailable
	default:
		return nil
	}
}
