// Package revocation keeps the tokens that were called back before their time: single ones by their ids,
// and all of a user that were issued before some moment.
//
// The list is the history of one channel of the servers' own, so all servers of a deployment have the same
// and a restart keeps it where history is kept. It is as long as a history may be: when more than
// [pubsub.MaxHistorySize] tokens are called back, the first of them are forgotten. Tokens should end
// by themselves before that matters.
package revocation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"magpie.build/apps/server/internal/token"
	"magpie.build/packages/pubsub"
)

// channel is where the list is.
const channel = "$revocations"

// retry is how long to wait before the list is read again when that failed.
const retry = time.Second

// maxText is the longest id, user or channel that may be called back, in bytes.
const maxText = 1024

// Rule calls tokens back.
type Rule struct {
	// TokenID is the id of one token. Empty calls back tokens of a user.
	TokenID string `json:"token,omitempty"`
	// User is whose tokens are called back.
	User string `json:"user,omitempty"`
	// Channel narrows it to subscription tokens of the channel.
	Channel string `json:"channel,omitempty"`
	// IssuedBefore is the moment before which a user's tokens were issued, in Unix seconds. Those that
	// do not say when they were issued are called back too.
	IssuedBefore int64 `json:"issued_before,omitempty"`
	// Until is when the tokens would have ended anyway and the rule can be forgotten, in Unix seconds.
	// Zero is never.
	Until int64 `json:"until,omitempty"`
}

// Watcher is a broker that tells of a channel's publications.
type Watcher interface {
	pubsub.Broker
	Watch(ctx context.Context, channel string, watcher pubsub.Handler) error
}

// Options are what a [List] can do without.
type Options struct {
	// Changed is called when there are new rules, from one goroutine. Nil does nothing.
	Changed func()
	// Now tells the time. Nil means time.Now.
	Now func() time.Time
	// Logger hears when the list cannot be read. Nil discards.
	Logger *slog.Logger
}

// List is what was called back. Safe for concurrent use.
type List struct {
	broker  Watcher
	options Options
	// news has a value when there is something for Run to do.
	news chan struct{}

	mu       sync.RWMutex
	position pubsub.Position
	// behind says that events are missing.
	behind bool
	tokens map[string]Rule
	users  map[owner]Rule
}

// owner is whose tokens a rule is about; channel is empty for all of them.
type owner struct{ user, channel string }

var _ pubsub.Handler = (*List)(nil)

// New returns a list that is empty until [List.Start].
func New(broker Watcher, options Options) *List {
	if options.Changed == nil {
		options.Changed = func() {}
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &List{broker: broker, options: options, news: make(chan struct{}, 1), tokens: map[string]Rule{}, users: map[owner]Rule{}}
}

// Start reads the list and follows it. It comes once, before the broker runs.
func (l *List) Start(ctx context.Context) error {
	if err := l.broker.Watch(ctx, channel, l); err != nil {
		return fmt.Errorf("follow the list of revoked tokens: %w", err)
	}
	return l.read(ctx)
}

// Run keeps the list complete, and calls back whom it concerns, until ctx ends.
func (l *List) Run(ctx context.Context) error {
	for {
		select {
		case <-l.news:
		case <-ctx.Done():
			return nil
		}
		if l.isBehind() {
			if err := l.read(ctx); err != nil && ctx.Err() == nil {
				l.options.Logger.Warn("revoked tokens not read", "error", err)
				l.wakeAfter(ctx, retry)
			}
		}
		l.options.Changed()
	}
}

func (l *List) wakeAfter(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
		l.wake()
	case <-ctx.Done():
	}
}

func (l *List) wake() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// ErrRule is returned by [List.Revoke] for a rule that calls nothing back.
var ErrRule = errors.New("a token id or a user is needed, each of at most 1024 bytes")

// Revoke calls tokens back on all servers. A user's are those issued before now, if the rule does not say.
// It returns [ErrRule], or the broker's errors.
func (l *List) Revoke(ctx context.Context, rule Rule) error {
	if (rule.TokenID == "") == (rule.User == "") || len(rule.TokenID)+len(rule.User)+len(rule.Channel) > maxText {
		return ErrRule
	}
	if rule.User != "" && rule.IssuedBefore == 0 {
		rule.IssuedBefore = l.options.Now().Unix()
	}
	data, err := json.Marshal(rule)
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	if _, err := l.broker.Publish(ctx, channel, data, pubsub.PublishOptions{HistorySize: pubsub.MaxHistorySize}); err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	// This server knows it at once; the others, and this one again, by its publication.
	l.mu.Lock()
	l.add(rule)
	l.mu.Unlock()
	l.wake()
	return nil
}

// Revoked reports whether a token was called back.
func (l *List) Revoked(c token.Credential) bool {
	now := l.options.Now().Unix()
	l.mu.RLock()
	defer l.mu.RUnlock()
	if rule, ok := l.tokens[c.ID]; ok && c.ID != "" && !rule.over(now) {
		return true
	}
	if c.User == "" {
		return false
	}
	for _, channel := range []string{"", c.Channel} {
		rule, ok := l.users[owner{c.User, channel}]
		if ok && !rule.over(now) && (c.IssuedAt.IsZero() || c.IssuedAt.Unix() < rule.IssuedBefore) {
			return true
		}
	}
	return false
}

func (r Rule) over(now int64) bool { return r.Until != 0 && r.Until < now }

// add notes a rule; of two about the same user the later moment counts. mu is held.
func (l *List) add(rule Rule) {
	if rule.over(l.options.Now().Unix()) {
		return
	}
	if rule.TokenID != "" {
		if old, ok := l.tokens[rule.TokenID]; !ok || rule.outlives(old) {
			l.tokens[rule.TokenID] = rule
		}
		return
	}
	of := owner{rule.User, rule.Channel}
	if old, ok := l.users[of]; ok {
		rule.IssuedBefore = max(rule.IssuedBefore, old.IssuedBefore)
		if old.outlives(rule) {
			rule.Until = old.Until
		}
	}
	l.users[of] = rule
}

// outlives reports whether r is remembered longer than other.
func (r Rule) outlives(other Rule) bool {
	return other.Until != 0 && (r.Until == 0 || r.Until > other.Until)
}

// read reads the whole list anew, so that what is over is forgotten.
func (l *List) read(ctx context.Context) error {
	history, err := l.broker.History(ctx, channel, pubsub.HistoryOptions{Limit: -1})
	if err != nil {
		return fmt.Errorf("read the list of revoked tokens: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.position.Epoch == history.Position.Epoch && l.position.Offset > history.Position.Offset {
		return nil // more has come meanwhile, and behind says whether all of it
	}
	clear(l.tokens)
	clear(l.users)
	for _, publication := range history.Publications {
		var rule Rule
		if json.Unmarshal(publication.Data, &rule) == nil {
			l.add(rule)
		}
	}
	l.position, l.behind = history.Position, false
	return nil
}

func (l *List) isBehind() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.behind
}

// HandlePublication implements [pubsub.Handler]: tokens are called back.
func (l *List) HandlePublication(_ string, publication pubsub.Publication) {
	var rule Rule
	err := json.Unmarshal(publication.Data, &rule)
	l.mu.Lock()
	p := publication.Position
	if p.Epoch != l.position.Epoch || p.Offset > l.position.Offset+1 {
		l.behind = true
	} else if p.Offset == l.position.Offset+1 {
		l.position = p
	}
	if err == nil {
		l.add(rule)
	}
	if len(l.tokens)+len(l.users) > 2*pubsub.MaxHistorySize {
		l.behind = true // reading it anew forgets what is over, or gone from history
	}
	l.mu.Unlock()
	l.wake()
}

// HandlePresence implements [pubsub.Handler]: nobody enters the channel.
func (l *List) HandlePresence(string, pubsub.PresenceEvent) {}

// HandlePresenceStats implements [pubsub.Handler].
func (l *List) HandlePresenceStats(string, pubsub.PresenceStats) {}

// HandleBreak implements [pubsub.Handler]: the list is read again.
func (l *List) HandleBreak(string, pubsub.Position) {
	l.mu.Lock()
	l.behind = true
	l.mu.Unlock()
	l.wake()
}
