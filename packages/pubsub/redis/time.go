package redis

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// Time returns the server's clock, by which histories and idempotency keys end.
func (b *Broker) Time(ctx context.Context) (now time.Time, err error) {
	err = b.call(ctx, func(ctx context.Context) error {
		answer, err := b.client.Do(ctx, b.client.B().Time().Build()).AsStrSlice()
		if err != nil || len(answer) != 2 {
			return err
		}
		seconds, err := strconv.ParseInt(answer[0], 10, 64)
		if err != nil {
			return err
		}
		microseconds, err := strconv.ParseInt(answer[1], 10, 64)
		now = time.Unix(seconds, microseconds*1000)
		return err
	})
	return now, err
}

// Time returns the clock, among those of all servers, that is furthest from this machine's.
func (r *Ring) Time(ctx context.Context) (furthest time.Time, err error) {
	var mu sync.Mutex
	off := time.Duration(-1)
	err = r.each(func(b *Broker) error {
		now, err := b.Time(ctx)
		mu.Lock()
		defer mu.Unlock()
		if away := time.Since(now).Abs(); err == nil && away > off {
			furthest, off = now, away
		}
		return err
	})
	return furthest, err
}
