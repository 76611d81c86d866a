package redis

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

// parseHistory understands what lua/history.lua returns.
func parseHistory(answer []rueidis.RedisMessage) (history pubsub.History, err error) {
	if len(answer) != 4 {
		return history, fmt.Errorf("a history of %d parts", len(answer))
	}
	if history.Position.Epoch, err = answer[0].ToString(); err != nil {
		return history, err
	}
	if history.Position.Offset, err = answer[1].AsUint64(); err != nil {
		return history, err
	}
	whole, err := answer[2].AsInt64()
	if err != nil {
		return history, err
	}
	if whole == 0 {
		return history, pubsub.ErrUnrecoverable
	}
	entries, err := answer[3].AsXRange()
	if err != nil {
		return history, err
	}
	history.Publications = make([]pubsub.Publication, len(entries))
	for i, entry := range entries {
		if history.Publications[i], err = parseEntry(entry, history.Position.Epoch); err != nil {
			return history, err
		}
	}
	return history, nil
}

func parseEntry(entry rueidis.XRangeEntry, epoch string) (pubsub.Publication, error) {
	id, _, _ := strings.Cut(entry.ID, "-")
	offset, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return pubsub.Publication{}, fmt.Errorf("a stream entry has id %q", entry.ID)
	}
	ms, err := strconv.ParseInt(entry.FieldValues["t"], 10, 64)
	if err != nil {
		return pubsub.Publication{}, fmt.Errorf("stream entry %s has time %q", entry.ID, entry.FieldValues["t"])
	}
	return pubsub.Publication{
		Position: pubsub.Position{Epoch: epoch, Offset: offset},
		Time:     time.UnixMilli(ms),
		Data:     []byte(entry.FieldValues["d"]),
	}, nil
}

// parseHead understands the answer to HMGET of a head. A channel without one is at the zero position.
func parseHead(result rueidis.RedisResult) (pubsub.Position, error) {
	fields, err := result.ToArray()
	if err != nil {
		return pubsub.Position{}, err
	}
	if len(fields) != 2 {
		return pubsub.Position{}, fmt.Errorf("a head of %d fields", len(fields))
	}
	if fields[0].IsNil() || fields[1].IsNil() {
		return pubsub.Position{}, nil
	}
	epoch, err := fields[0].ToString()
	if err != nil {
		return pubsub.Position{}, err
	}
	offset, err := fields[1].AsUint64()
	return pubsub.Position{Epoch: epoch, Offset: offset}, err
}
