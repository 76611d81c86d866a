package pubsub

import (
	"context"
	"errors"
	"time"
)

// Broker carries publications from any process of a deployment to all of them. All methods are
// safe for concurrent use. They return [ErrClosed] once the broker is closed, and the context's
// error when it ends first; a publish cut short that way may or may not have happened, and a
// retry with the same idempotency key finds out.
type Broker interface {
	// Publish delivers data to every process subscribed to channel. With a history size it also
	// appends to the channel's history, in one atomic step, and returns the publication's position;
	// without, the position is zero. It returns [ErrTooLarge], [ErrInvalidChannel] or
	// [ErrInvalidOptions] having changed nothing, and [ErrNotReplicated] with the position, having
	// published. The data is not copied: the caller leaves it
	// unchanged from then on.
	Publish(ctx context.Context, channel string, data []byte, options PublishOptions) (Position, error)

	// History returns publications that the channel still keeps, and the position of its newest. A
	// channel that never had any answers a fresh epoch with offset 0, which its first publication
	// then has. It returns [ErrUnrecoverable] when options.Since cannot be continued without a hole:
	// an epoch that did not go on in the current one, an offset older than what is kept, or one newer
	// than the newest or than the end of its epoch; with options.Reverse the epoch alone counts. The returned History then still holds the current position.
	History(ctx context.Context, channel string, options HistoryOptions) (History, error)

	// RemoveHistory forgets the publications that the channel keeps. Its position goes on: the epoch stays
	// and the next publication has the next offset, so whoever is subscribed misses nothing, and whoever
	// asks for what came after a position before the newest is told [ErrUnrecoverable], in every process.
	// What was on its way meanwhile may be kept or not. Idempotency keys stay. Removing nothing is no error.
	RemoveHistory(ctx context.Context, channel string) error

	// Subscribe has this process receive the channel. What is published after it returned is
	// delivered, once Run runs. Subscribing twice is as once. After an error the channel may be
	// subscribed or not.
	Subscribe(ctx context.Context, channel string) error

	// Unsubscribe ends what Subscribe began. A publication already on its way may still arrive.
	Unsubscribe(ctx context.Context, channel string) error

	// Enter records that a member is in channel until [Broker.Leave], or until this process has been
	// dead for the broker's lease. Entering again under the same id replaces the member's data.
	// Every process subscribed to the channel hears of it, unless the member was there already or the
	// channel has more members than options name. After an error the member is not in channel, or will
	// soon not be.
	Enter(ctx context.Context, channel string, member Member, options PresenceOptions) error

	// Leave removes the member with that id which this process entered. Leaving twice is as once.
	// After [ErrUnavailable] the member leaves as soon as the server can be reached.
	Leave(ctx context.Context, channel, id string) error

	// Members returns who is in channel now, over all processes, ordered by id.
	Members(ctx context.Context, channel string) ([]Member, error)

	// PresenceStats returns how many are in channel now, at a cost that does not depend on how many. It may
	// count the members of a process that was killed for as long as they have not left.
	PresenceStats(ctx context.Context, channel string) (PresenceStats, error)

	// Run delivers to handler until ctx ends or the broker is closed, and returns when every
	// goroutine of the broker that calls handler has gone. It is called once; a second call returns
	// an error. Its error is nil when ctx ended or Close was called.
	Run(ctx context.Context, handler Handler) error

	// Close releases what Open took. Members entered by this process leave. What was acknowledged
	// before is kept wherever the implementation keeps history. It does not wait for Run, so that a
	// handler may call it. Closing twice is as once.
	Close() error
}

// Prober is a broker that can lose what it needs, its server or its disk, without anybody calling it.
type Prober interface {
	// Probe sends something through every server of the broker and returns nil once it came back on the
	// connections that publications arrive on: then whatever is published now is delivered here, too.
	// That a server answers commands does not say as much: a connection can be open and hear nothing. A
	// broker that has a disk and no server has the disk take something.
	// It tries again until ctx ends, or for as long as the broker waits for its server, and then
	// returns [ErrUnavailable] and what was missing. It costs one small publish and is meant to be
	// called every few seconds, by a readiness check. Run need not run.
	Probe(ctx context.Context) error
}

// Handler receives what a broker delivers. Calls for one channel come one after another and in
// order, calls for different channels may come at once. A slow handler delays its own channels
// alone: the broker never stops reading for it, and when its bounded queue is full it repairs from
// history what it had to pass over.
type Handler interface {
	// HandlePublication is called for each publication of a subscribed channel.
	HandlePublication(channel string, publication Publication)

	// HandlePresence is called when a member entered or left a subscribed channel, also by
	// the end of a lease. It is at most once: Members is the truth.
	HandlePresence(channel string, event PresenceEvent)

	// HandlePresenceStats is called within seconds after members entered or left a subscribed channel that
	// was too full to tell of each, see [PresenceOptions]. Each process with such members causes at most one
	// call a second. It is at most once, as HandlePresence is.
	HandlePresenceStats(channel string, stats PresenceStats)

	// HandleBreak is called when the channel cannot be continued without a hole, before anything
	// later is delivered. What comes from then on follows position.
	HandleBreak(channel string, position Position)
}

// Repairer is a [Broker] that counts what it did about publications that did not arrive by themselves.
type Repairer interface {
	// Repairs returns the counts since the broker was opened. Safe for concurrent use.
	Repairs() Repairs
}

// Repairs are counts over all channels.
type Repairs struct {
	// Reads is how often history was read for what was missing, and Publications how many came
	// that way.
	Reads, Publications uint64
	// Breaks is how often history no longer had it: each was told by [Handler.HandleBreak].
	Breaks uint64
}

// Position is a place in a channel's history. The zero Position is before everything, in no epoch.
type Position struct {
	// Epoch names one unbroken life of the channel's history. Offsets of different epochs do not
	// compare, but for an epoch that goes on in another: where the broker's server was replaced or
	// started anew, the next publication has the next offset and a new epoch. History since a position
	// of the old epoch then holds what follows, if that position was not lost on the way, and a
	// handler that missed nothing is told of no break.
	Epoch string
	// Offset counts publications within the epoch, from 1; 0 is before the first.
	Offset uint64
}

// Publication is what was published.
type Publication struct {
	// Position is zero for a publication without history.
	Position Position
	// Time is when the broker accepted it, in milliseconds' precision; the zero time without history.
	Time time.Time
	// Data is shared by all who receive it: read only.
	Data []byte
}

// PublishOptions say what happens to a publication beside its delivery. The zero value delivers
// at most once and keeps nothing.
type PublishOptions struct {
	// HistorySize is how many publications the channel keeps, this one included. Zero keeps none;
	// the most is MaxHistorySize.
	HistorySize int
	// HistoryTTL is how long after its last publication the channel keeps them. Zero means for ever.
	HistoryTTL time.Duration
	// IdempotencyKey makes a second publish to the channel under the same key, within
	// IdempotencyTTL, change nothing and return the first one's position. Empty means none. It
	// needs a HistorySize. The most is MaxIdempotencyKey bytes.
	IdempotencyKey string
	// IdempotencyTTL is how long the key is remembered. Zero means DefaultIdempotencyTTL. Like
	// HistoryTTL it counts in milliseconds.
	IdempotencyTTL time.Duration
	// Replicas is how many replicas of the broker's server must have the publication, too, before Publish
	// says that it is kept. It needs a HistorySize. Everybody may hear of the publication before. A broker
	// without a server has no replicas, and takes no notice.
	Replicas int
	// ReplicaTimeout is how long Publish waits for them, in whole milliseconds. Then it returns
	// [ErrNotReplicated]. Zero means DefaultReplicaTimeout.
	ReplicaTimeout time.Duration
}

// HistoryOptions choose a part of a channel's history.
type HistoryOptions struct {
	// Since, when not nil, leaves out everything up to and including that position. An empty
	// Epoch stands for the current one.
	Since *Position
	// Limit is how many publications to return at most: 0 none (the position only), below 0 all.
	Limit int
	// Reverse returns the newest first; Since then leaves out everything from that position on, and
	// what is no longer kept is no hole but the end.
	Reverse bool
	// Recent lets the broker answer from what this process received, for a subscribed channel and a
	// Since in its newest epoch, without a question to its server: a room full of people who come back
	// costs one read. What was published just now may then be missing at the end. It is after the
	// returned Position, and the handler has yet to be given it.
	Recent bool
}

// History is a part of a channel's history.
type History struct {
	Publications []Publication
	// Position is the channel's newest position, whatever part was asked for.
	Position Position
}

// Member is somebody in a channel: for one connection, one member.
type Member struct {
	// ID is unique among the members of the whole deployment.
	ID string
	// User is whose member it is. One user may have several; all without are one user's.
	User string
	// Data says who it is, in bytes that only the caller understands. It and User may have MaxData bytes.
	Data []byte
}

// PresenceOptions say what is told of a member's coming and going.
type PresenceOptions struct {
	// MaxNamed is up to how many members the channel may then have for everybody to hear of it at once, by
	// [Handler.HandlePresence]. In a fuller channel comings and goings are gathered for a second.
	// Then it is told how many there are, by [Handler.HandlePresenceStats], and of each who entered or left
	// through a process and did not undo it, if these are at most MaxGathered. So a room that fills costs
	// each of its people a message a second and not one for each other person. Zero names any number.
	MaxNamed int
}

// PresenceStats are how many are in a channel.
type PresenceStats struct {
	// Members is how many members there are, Users how many different ones they have as User.
	Members, Users int
}

// PresenceEvent is one member's coming or going.
type PresenceEvent struct {
	Member Member
	// Left is false for who entered.
	Left bool
}

// Bounds of every broker.
const (
	// MaxChannel is the longest channel name in bytes.
	MaxChannel = 255
	// MaxData is the largest publication in bytes: a long message with markup; more is an upload.
	MaxData = 1 << 20
	// MaxHistorySize is the most publications that a channel can keep.
	MaxHistorySize = 10_000
	// MaxIdempotencyKey is the longest idempotency key in bytes.
	MaxIdempotencyKey = 255
	// MaxMemberID is the longest member id in bytes.
	MaxMemberID = 255
	// MaxGathered is how many comings and goings of a full channel are told by name, a second and process.
	MaxGathered = 10
	// DefaultReplicaTimeout is how long a publish waits for replicas when the options do not say.
	DefaultReplicaTimeout = time.Second
	// DefaultIdempotencyTTL is how long an idempotency key is remembered when the options do not say.
	DefaultIdempotencyTTL = 5 * time.Minute
)

// Errors that callers branch on.
var (
	// ErrClosed is returned by every method of a closed broker.
	ErrClosed = errors.New("broker is closed")
	// ErrUnrecoverable is returned by History when a position cannot be continued without a hole.
	ErrUnrecoverable = errors.New("position cannot be continued")
	// ErrTooLarge is returned by Publish and Enter for more than MaxData bytes.
	ErrTooLarge = errors.New("data is too large")
	// ErrInvalidChannel is returned for a channel name that is empty, longer than MaxChannel, not
	// UTF-8 or has a control character.
	ErrInvalidChannel = errors.New("channel name is not valid")
	// ErrInvalidOptions is returned by Publish and Enter for options outside their ranges, and by Enter
	// for a member id that is empty or longer than MaxMemberID.
	ErrInvalidOptions = errors.New("options are not valid")
	// ErrNotReplicated is returned by Publish when fewer replicas than were asked for have the publication
	// yet. It is published, and will stay unless the server is lost now: publishing it again under the same
	// idempotency key publishes nothing and waits for the replicas again.
	ErrNotReplicated = errors.New("published, but not yet on as many replicas as asked for")
	// ErrUnavailable is returned when the broker's server cannot be reached: trying again may help.
	ErrUnavailable = errors.New("broker is unavailable")
)
