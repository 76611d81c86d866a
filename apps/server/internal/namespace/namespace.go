// Package namespace says what channels offer and to whom. Channels are grouped by what stands before the
// first colon of their names: "news:sport" belongs to the namespace "news", and "lobby" to the one named
// [Default]. A channel of no namespace does not exist.
//
// A [Set] is made once, of [Options] that come from configuration, and does not change. The package knows
// neither connections nor tokens: it answers what may be done by somebody of whom the caller says who it is.
package namespace

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie.build/apps/server/internal/control"
	"magpie.build/packages/pubsub"
)

// Default is the name of the namespace that channels without a colon belong to.
const Default = "default"

const (
	// separator ends a namespace's name in the name of a channel.
	separator = ":"
	// limited begins the list of users in the name of a channel that is for them alone, between whom
	// stands a comma.
	limited, between = "#", ","
)

// Options are what the channels of a namespace offer. The zero value is a namespace whose channels only the
// server subscribes to and publishes in.
type Options struct {
	// HistorySize is how many publications a channel keeps, at most [pubsub.MaxHistorySize].
	HistorySize int
	// HistoryTTL is how long after its last publication it keeps them. Zero is for ever.
	HistoryTTL time.Duration
	// Replicas is how many replicas of Redis must have a publication before it is acknowledged, and
	// ReplicaTimeout how long that may take. It needs history.
	Replicas       int
	ReplicaTimeout time.Duration
	// Recovery lets a client that was away ask for what it missed. It needs history.
	Recovery bool
	// Positioning tells a client when it missed something, even without recovery. It needs history.
	Positioning bool
	// Presence lets subscribers ask who is in a channel.
	Presence bool
	// PresenceMaxNamed is up to how many members they are told who it is. Of more they are told how many.
	// Zero is any number.
	PresenceMaxNamed int
	// JoinLeave tells subscribers who comes and goes.
	JoinLeave bool
	// Delta lets subscribers ask for publications as differences from the one before.
	Delta bool
	// TagsFilter lets subscribers ask for those publications alone whose tags match a filter.
	TagsFilter bool
	// Publish is who may publish as a client: Nobody, Subscribers, Authenticated or Anybody.
	Publish Who
	// Subscribe is who may subscribe: Nobody but the server, Token for who brings a token for the
	// channel, Authenticated or Anybody. A token is good enough for all but Nobody.
	Subscribe Who
	// UserLimited makes a channel whose name ends in users, such as "talk:x#ada,bob", theirs alone;
	// without it there are no channels with # in their names.
	UserLimited bool
	// Pattern is what the part of a channel's name after the namespace matches as a whole. Empty is
	// anything.
	Pattern string
	// MaxLength is how many bytes a channel's name may have. Zero means [pubsub.MaxChannel].
	MaxLength int
	// GatherInterval is how long publications may wait to go out together. Zero does not wait.
	GatherInterval time.Duration
}

// Who is a group of people.
type Who string

// Who may do something.
const (
	Nobody        Who = "nobody"
	Token         Who = "token"
	Subscribers   Who = "subscribers"
	Authenticated Who = "authenticated"
	Anybody       Who = "anybody"
)

// Errors that callers branch on.
var (
	// ErrUnknown is returned for a channel of no namespace.
	ErrUnknown = errors.New("there is no such channel")
	// ErrName is returned for a name that no channel of its namespace can have.
	ErrName = errors.New("no channel has such a name")
)

// Set is all namespaces of a deployment.
type Set struct {
	namespaces map[string]Namespace
}

// Namespace is one of a set.
type Namespace struct {
	Options

	pattern *regexp.Regexp
}

// New returns a set of namespaces by name. All that is wrong comes as one error, joined.
func New(options map[string]Options) (*Set, error) {
	s := &Set{namespaces: make(map[string]Namespace, len(options))}
	var problems []error
	for name, o := range options {
		n, more := newNamespace(name, o)
		problems = append(problems, more...)
		s.namespaces[name] = n
	}
	return s, errors.Join(problems...)
}

func newNamespace(name string, o Options) (n Namespace, problems []error) {
	problem := func(format string, a ...any) {
		problems = append(problems, fmt.Errorf("namespace %q: "+format, append([]any{name}, a...)...))
	}
	n.Options = o
	if o.Pattern != "" {
		var err error
		if n.pattern, err = regexp.Compile(`^(?:` + o.Pattern + `)$`); err != nil {
			problem("its pattern is no regular expression: %v", err)
		}
	}
	if n.MaxLength == 0 {
		n.MaxLength = pubsub.MaxChannel
	}
	if o.HistorySize < 0 || o.HistorySize > pubsub.MaxHistorySize {
		problem("it would keep %d publications, the most is %d", o.HistorySize, pubsub.MaxHistorySize)
	}
	if o.PresenceMaxNamed < 0 {
		problem("%d members cannot be named", o.PresenceMaxNamed)
	}
	if o.Replicas < 0 || o.ReplicaTimeout < 0 {
		problem("it would wait %v for %d replicas", o.ReplicaTimeout, o.Replicas)
	}
	if o.HistorySize == 0 && (o.Recovery || o.Positioning || o.HistoryTTL > 0 || o.Replicas > 0) {
		problem("recovery, positioning, a time for history and replicas need a history size")
	}
	if !slices.Contains([]Who{"", Nobody, Subscribers, Authenticated, Anybody}, o.Publish) {
		problem("publish is for nobody, subscribers, authenticated or anybody, not for %q", o.Publish)
	}
	if !slices.Contains([]Who{"", Nobody, Token, Authenticated, Anybody}, o.Subscribe) {
		problem("subscribe is for nobody, token, authenticated or anybody, not for %q", o.Subscribe)
	}
	return n, problems
}

// Find returns the namespace of a channel. It returns [ErrUnknown], also for the channels of the servers
// themselves, or [ErrName].
func (s *Set) Find(channel string) (Namespace, error) {
	name, rest, prefixed := strings.Cut(channel, separator)
	if !prefixed {
		name, rest = Default, channel
	}
	n, ok := s.namespaces[name]
	switch {
	case !ok || prefixed && name == Default || control.Reserved(channel):
		return Namespace{}, ErrUnknown
	case rest == "" || !n.fits(channel, rest):
		return Namespace{}, ErrName
	}
	return n, nil
}

// fits reports whether a channel can have that name.
func (n Namespace) fits(channel, rest string) bool {
	return len(channel) <= n.MaxLength &&
		utf8.ValidString(channel) && !strings.ContainsFunc(channel, unicode.IsControl) &&
		(n.pattern == nil || n.pattern.MatchString(rest)) &&
		(n.UserLimited || !strings.Contains(rest, limited))
}

// MaySubscribe reports whether a user without a token may subscribe to a channel of the namespace. An empty
// user is somebody anonymous.
func (n Namespace) MaySubscribe(channel, user string) bool {
	if _, users, ok := strings.Cut(channel, limited); ok {
		return n.Subscribe != Nobody && n.Subscribe != "" && user != "" && slices.Contains(strings.Split(users, between), user)
	}
	return n.Subscribe == Anybody || n.Subscribe == Authenticated && user != ""
}

// TakesTokens reports whether a token lets somebody subscribe.
func (n Namespace) TakesTokens() bool { return n.Subscribe != Nobody && n.Subscribe != "" }

// MayPublish reports whether a user may publish as a client, who is subscribed to the channel or not.
func (n Namespace) MayPublish(user string, subscribed bool) bool {
	switch n.Publish {
	case Anybody:
		return true
	case Authenticated:
		return user != ""
	case Subscribers:
		return subscribed
	case Nobody, Token:
		return false
	default:
		return false
	}
}

// Keep is how publications to the namespace's channels are kept.
func (n Namespace) Keep() pubsub.PublishOptions {
	return pubsub.PublishOptions{
		HistorySize: n.HistorySize, HistoryTTL: n.HistoryTTL, Replicas: n.Replicas, ReplicaTimeout: n.ReplicaTimeout,
	}
}
