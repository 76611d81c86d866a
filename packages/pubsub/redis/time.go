package redis

import (
	"context"
	"strconv"
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
