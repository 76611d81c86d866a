package realtime

import (
	"context"

	"magpie.build/packages/pubsub"
)

// enterPresence counts the client among the channel's members.
func (c *connection) enterPresence(ctx context.Context, s *subscription) error {
	client := c.client
	client.ChannelInfo = s.offer.Info
	data, err := marshal(client.wire())
	if err != nil {
		return err
	}
	// Also after an error, as it may have happened.
	s.entered = true
	return c.hub.broker.Enter(ctx, s.channel.name, pubsub.Member{ID: c.id, Data: data})
}

// leavePresence takes it out again. If that goes wrong, the lease ends with the process.
func (c *connection) leavePresence(ctx context.Context, s *subscription) {
	if err := c.hub.broker.Leave(ctx, s.channel.name, c.id); err != nil {
		c.logger().Warn("member still present", "channel", s.channel.name, "error", err)
	}
}

// presence answers with who is in the channel.
func (c *connection) presence(ctx context.Context, id uint32, cmd *channelCommand) error {
	members, err := c.members(ctx, cmd.Channel)
	if err != nil {
		return err
	}
	answer := presenceResult{Presence: make(map[string]*clientInfo, len(members))}
	for _, member := range members {
		answer.Presence[member.ID] = member.wire()
	}
	return c.succeed(id, answer)
}

// presenceStats answers with how many they are.
func (c *connection) presenceStats(ctx context.Context, id uint32, cmd *channelCommand) error {
	members, err := c.members(ctx, cmd.Channel)
	if err != nil {
		return err
	}
	users := map[string]struct{}{}
	for _, member := range members {
		users[member.User] = struct{}{}
	}
	return c.succeed(id, presenceStatsResult{Clients: len(members), Users: len(users)})
}

func (c *connection) members(ctx context.Context, channel string) ([]Client, error) {
	if err := c.require(channel, func(offer SubscribeReply) bool { return offer.Presence }); err != nil {
		return nil, err
	}
	return c.hub.Members(ctx, channel)
}
