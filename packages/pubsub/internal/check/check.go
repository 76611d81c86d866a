// Package check holds the bounds that every broker asks of what it is given, so that all refuse
// the same things with the same words.
package check

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie.build/packages/pubsub"
)

// Publish reports what is wrong with the arguments of a publish, or nil.
func Publish(channel string, data []byte, o pubsub.PublishOptions) error {
	if err := Channel(channel); err != nil {
		return err
	}
	if err := Data(data); err != nil {
		return err
	}
	switch {
	case o.HistorySize < 0 || o.HistorySize > pubsub.MaxHistorySize:
		return fmt.Errorf("%w: history size %d is not between 0 and %d", pubsub.ErrInvalidOptions, o.HistorySize, pubsub.MaxHistorySize)
	case len(o.IdempotencyKey) > pubsub.MaxIdempotencyKey:
		return fmt.Errorf("%w: an idempotency key of %d bytes is longer than %d", pubsub.ErrInvalidOptions, len(o.IdempotencyKey), pubsub.MaxIdempotencyKey)
	case o.IdempotencyKey != "" && o.HistorySize == 0:
		return fmt.Errorf("%w: an idempotency key needs a history size", pubsub.ErrInvalidOptions)
	case o.Replicas < 0 || o.Replicas > 0 && o.HistorySize == 0:
		return fmt.Errorf("%w: %d replicas of a history of %d", pubsub.ErrInvalidOptions, o.Replicas, o.HistorySize)
	}
	if err := duration("replica timeout", o.ReplicaTimeout); err != nil {
		return err
	}
	if err := duration("history TTL", o.HistoryTTL); err != nil {
		return err
	}
	return duration("idempotency TTL", o.IdempotencyTTL)
}

// Channel reports what is wrong with a channel's name, or nil.
func Channel(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", pubsub.ErrInvalidChannel)
	case len(name) > pubsub.MaxChannel:
		return fmt.Errorf("%w: its %d bytes are more than %d", pubsub.ErrInvalidChannel, len(name), pubsub.MaxChannel)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: %q is not UTF-8", pubsub.ErrInvalidChannel, name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: %q has a control character", pubsub.ErrInvalidChannel, name)
	}
	return nil
}

// Member reports what is wrong with somebody who enters a channel, or nil.
func Member(channel string, member pubsub.Member, o pubsub.PresenceOptions) error {
	if err := Channel(channel); err != nil {
		return err
	}
	if member.ID == "" || len(member.ID) > pubsub.MaxMemberID {
		return fmt.Errorf("%w: a member's id has 1 to %d bytes, not %d", pubsub.ErrInvalidOptions, pubsub.MaxMemberID, len(member.ID))
	}
	if o.MaxNamed < 0 {
		return fmt.Errorf("%w: %d members cannot be named", pubsub.ErrInvalidOptions, o.MaxNamed)
	}
	if n := len(member.User) + len(member.Data); n > pubsub.MaxData {
		return fmt.Errorf("%w: %d bytes are more than %d", pubsub.ErrTooLarge, n, pubsub.MaxData)
	}
	return nil
}

// Data reports whether data is too large.
func Data(data []byte) error {
	if len(data) > pubsub.MaxData {
		return fmt.Errorf("%w: %d bytes are more than %d", pubsub.ErrTooLarge, len(data), pubsub.MaxData)
	}
	return nil
}

// duration refuses what Redis cannot count: its expiry is in whole milliseconds.
func duration(name string, d time.Duration) error {
	if d < 0 || d > 0 && d < time.Millisecond {
		return fmt.Errorf("%w: %s %v is neither zero nor a millisecond or more", pubsub.ErrInvalidOptions, name, d)
	}
	return nil
}
