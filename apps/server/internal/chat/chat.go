// Package chat is the domain: rooms, the messages said in them, who is there, and who may do what.
//
// There is no database. What rooms exist is the fold of one channel's events; a room's messages are
// the history of the room's channel; who is in a room is that channel's presence. So every server
// on the same broker sees the same chat, and a killed one takes nothing along.
//
// Every operation names the user it is for and asks the rules in permission.go before it does
// anything. The package knows neither HTTP nor WebSockets; begin with [New] and [Chat.Start].
package chat

import (
	"context"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// Feed carries what is said in rooms to who listens. A [realtime.Hub] is one.
type Feed interface {
	Publish(ctx context.Context, channel string, publication realtime.Publication, options pubsub.PublishOptions) (pubsub.Position, error)
	History(ctx context.Context, channel string, options pubsub.HistoryOptions) ([]realtime.Publication, pubsub.Position, error)
	Members(ctx context.Context, channel string) ([]realtime.Client, error)
	PresenceStats(ctx context.Context, channel string) (pubsub.PresenceStats, error)
}

// Watcher is a broker that tells of changes in a channel which no client sees.
type Watcher interface {
	pubsub.Broker
	Watch(ctx context.Context, channel string, watcher pubsub.Handler) error
}

// Render makes the row of a message, as HTML. It is called once a message, and the same row is for
// everybody: it must not depend on who reads it.
type Render func(ctx context.Context, message Message) (string, error)

// Options bound a [Chat]. The zero value is ready for use.
type Options struct {
	// RoomHistory is how many messages a room keeps. Zero means 1,000; the most is
	// [pubsub.MaxHistorySize].
	RoomHistory int
	// Replicas is how many replicas of the broker's server must have a message before it counts as sent, and
	// ReplicaTimeout how long that may take, see [pubsub.PublishOptions].
	Replicas       int
	ReplicaTimeout time.Duration
	// MaxNamed is up to how many members of a room [Chat.People] says who they are. Zero is any number.
	MaxNamed int
	// FirstRooms are the names of the rooms that a new deployment begins with. Nil means "General"
	// and "Random".
	FirstRooms []string
	// Now tells the time. Nil means time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.RoomHistory == 0 {
		o.RoomHistory = 1000
	}
	if o.FirstRooms == nil {
		o.FirstRooms = []string{"General", "Random"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Chat is the chat of one deployment. Safe for concurrent use.
type Chat struct {
	feed    Feed
	render  Render
	options Options
	rooms   *index
}

// New returns a chat whose rooms are events on broker and whose messages travel by feed.
func New(broker Watcher, feed Feed, render Render, options Options) *Chat {
	options = options.withDefaults()
	return &Chat{
		feed:    feed,
		render:  render,
		options: options,
		rooms:   &index{broker: broker, first: options.FirstRooms, now: options.Now},
	}
}

// Start reads which rooms there are, makes the first ones where there are none, and follows the list
// from then on. It comes before anything else, once.
func (c *Chat) Start(ctx context.Context) error { return c.rooms.start(ctx) }
