package realtime

import (
	"context"
	"fmt"
	"sync"
	"time"

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
	member := pubsub.Member{ID: c.id, User: client.User, Data: data}
	return c.hub.broker.Enter(ctx, s.channel.name, member, pubsub.PresenceOptions{MaxNamed: s.offer.MaxNamed})
}

// leavePresence takes it out again. If that goes wrong, the lease ends with the process.
func (c *connection) leavePresence(ctx context.Context, s *subscription) {
	if err := c.hub.broker.Leave(ctx, s.channel.name, c.id); err != nil {
		c.logger().Warn("member still present", "channel", s.channel.name, "error", err)
	}
}

// presence answers with who is in the channel.
func (c *connection) presence(ctx context.Context, id uint32, cmd *channelCommand) error {
	s, err := c.attended(cmd.Channel)
	if err != nil {
		return err
	}
	if most := s.offer.MaxNamed; most > 0 {
		stats, err := c.hub.PresenceStats(ctx, cmd.Channel)
		if err != nil {
			return err
		}
		if stats.Members > most {
			return &Error{Code: ErrLimitExceeded.Code, Message: fmt.Sprintf("more than %d are here: ask how many", most)}
		}
	}
	members, err := c.hub.Members(ctx, cmd.Channel)
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
	if _, err := c.attended(cmd.Channel); err != nil {
		return err
	}
	stats, err := c.hub.PresenceStats(ctx, cmd.Channel)
	if err != nil {
		return err
	}
	return c.succeed(id, presenceStatsResult{Clients: stats.Members, Users: stats.Users})
}

// attended returns the connection's subscription to a channel with presence.
func (c *connection) attended(channel string) (*subscription, error) {
	if err := c.require(channel, func(offer SubscribeReply) bool { return offer.Presence }); err != nil {
		return nil, err
	}
	return c.subscription(channel), nil
}

// crowdInterval is how often a channel's subscribers are told how many there are, whatever number of servers
// say so.
const crowdInterval = time.Second

// crowd is how many are in a channel with too many to be named.
type crowd struct {
	mu      sync.Mutex
	newest  pubsub.PresenceStats
	told    time.Time
	waiting bool
}

// note keeps what there is to tell, and returns after how long it is to be told; ok is false when somebody
// waits for that already.
func (c *crowd) note(stats pubsub.PresenceStats, now time.Time) (wait time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest = stats
	if c.waiting {
		return 0, false
	}
	c.waiting = true
	return max(0, c.told.Add(crowdInterval).Sub(now)), true
}

// take returns what is told now.
func (c *crowd) take(now time.Time) presenceStatsPush {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting, c.told = false, now
	return presenceStatsPush{presenceStatsResult{Clients: c.newest.Members, Users: c.newest.Users}}
}
