package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"magpie.build/packages/pubsub"
)

// KeyChannel is where [SharedKey] keeps the key. Nobody but the servers may read it.
const KeyChannel = "$session-key"

// keepKeys is more than one, so that a publish that should never have happened cannot push the
// first key out.
const keepKeys = 8

// SharedKey returns the signing key that every server on the broker shares. The first to ask makes
// it: it is the oldest publication of a channel of its own, so it lives as long as the broker's
// history does, and a restart keeps people signed in.
func SharedKey(ctx context.Context, broker pubsub.Broker) ([]byte, error) {
	key, err := readKey(ctx, broker)
	if err != nil || key != nil {
		return key, err
	}
	fresh := make([]byte, MinKey)
	rand.Read(fresh)
	// Of servers that start at once, the idempotency key lets one key in. Nobody uses the key it
	// made itself: all read back which one it was.
	options := pubsub.PublishOptions{HistorySize: keepKeys, IdempotencyKey: "first"}
	if _, err := broker.Publish(ctx, KeyChannel, fresh, options); err != nil {
		return nil, fmt.Errorf("keep the signing key: %w", err)
	}
	key, err = readKey(ctx, broker)
	if err == nil && key == nil {
		err = errors.New("read the signing key: the broker lost it")
	}
	return key, err
}

// readKey returns nil when there is no key yet.
func readKey(ctx context.Context, broker pubsub.Broker) ([]byte, error) {
	history, err := broker.History(ctx, KeyChannel, pubsub.HistoryOptions{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	if len(history.Publications) == 0 {
		return nil, nil
	}
	return history.Publications[0].Data, nil
}
