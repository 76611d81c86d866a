package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

// transient begins the answers of a server that will soon answer otherwise.
var transient = []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY", "MISCONF", "UNBLOCKED"}

// call does something with the server within the broker's timeout. No error of rueidis leaves it.
func (b *Broker) call(ctx context.Context, do func(context.Context) error) error {
	return b.callFor(ctx, b.timeout, do)
}

// callFor is call with a timeout of its own.
func (b *Broker) callFor(ctx context.Context, timeout time.Duration, do func(context.Context) error) error {
	if b.closed.Load() {
		return pubsub.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := do(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case b.closed.Load():
		return pubsub.ErrClosed
	}
	return b.translate(err)
}

func (b *Broker) translate(err error) error {
	if errors.Is(err, pubsub.ErrUnrecoverable) || errors.Is(err, pubsub.ErrUnavailable) {
		return err
	}
	if answer, ok := rueidis.IsRedisErr(err); ok {
		for _, prefix := range transient {
			if strings.HasPrefix(answer.Error(), prefix) {
				return fmt.Errorf("%w: redis at %s answered %q", pubsub.ErrUnavailable, b.name, answer.Error())
			}
		}
		return fmt.Errorf("redis at %s answered %q", b.name, answer.Error())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: redis at %s did not answer within %v", pubsub.ErrUnavailable, b.name, b.timeout)
	}
	return fmt.Errorf("%w: redis at %s: %v", pubsub.ErrUnavailable, b.name, err)
}

func (b *Broker) wrap(err *error, what, channel string) {
	if *err != nil {
		*err = fmt.Errorf("%s %q: %w", what, channel, *err)
	}
}
