package cast

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"magpie.build/tools/chaos/internal/record"
	"magpie.build/tools/chaos/internal/wire"
)

const (
	// page is how many messages one reply holds at most.
	page = 1000
	// readTime is how long the history may be out of reach then.
	readTime = 30 * time.Second
)

// histories are what channels hold, by their names.
type histories map[string]*wire.HistoryResult

// Settle waits until all viewers have shown all there is, or until patience ends, and then records the history of every channel.
func Settle(ctx context.Context, s Stage, viewers []*Viewer, patience time.Duration) error {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last, err := settled(patient,
		func() (histories, error) { return s.readAll(ctx) },
		func(h histories) bool { return complete(h, viewers) })
	if err != nil {
		return err
	}
	s.record(last)
	return ctx.Err()
}

// settled reads histories until all viewers had shown what they held, and they held the same afterwards: a failover that is on
// its way when the last fault is healed changes what there is, and then that is to be shown. It gives up with patience, and
// returns what was read last.
func settled(patience context.Context, read func() (histories, error), shown func(histories) bool) (histories, error) {
	last, err := read()
	for err == nil {
		before := last
		for !shown(before) && patience.Err() == nil {
			pause(patience, minWait)
		}
		last, err = read()
		if patience.Err() != nil || maps.EqualFunc(before, last, samePosition) {
			break
		}
	}
	return last, err
}

func samePosition(a, b *wire.HistoryResult) bool { return a.Position == b.Position }

func (s Stage) readAll(ctx context.Context) (histories, error) {
	all := make(histories)
	for _, channel := range s.Channels {
		h, err := s.read(ctx, channel)
		if err != nil {
			return nil, err
		}
		all[channel] = h
	}
	return all, nil
}

func (s Stage) record(all histories) {
	for _, channel := range s.Channels {
		h := all[channel]
		for _, publication := range h.Publications {
			s.Log.Add(record.Event{Kind: record.Kept, Channel: channel, Key: s.Key(publication.Data), Epoch: h.Epoch, Offset: publication.Offset})
		}
		s.Log.Add(record.Event{Kind: record.Top, Channel: channel, Epoch: h.Epoch, Offset: h.Offset})
	}
}

func complete(all histories, viewers []*Viewer) bool {
	for channel, h := range all {
		if slices.ContainsFunc(viewers, func(v *Viewer) bool {
			at, follows := v.At(channel)
			return !follows || at != h.Position
		}) {
			return false
		}
	}
	return true
}

// read returns all that a channel keeps, from whichever server answers.
func (s Stage) read(ctx context.Context, channel string) (*wire.HistoryResult, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	for server := 0; ; server++ {
		h, err := s.readFrom(ctx, s.Servers[server%len(s.Servers)], channel)
		if err == nil || ctx.Err() != nil {
			return h, err
		}
		s.Log.Note("history of %s: %v", channel, err)
		pause(ctx, maxWait/4)
	}
}

func (s Stage) readFrom(ctx context.Context, server, channel string) (*wire.HistoryResult, error) {
	conn, err := wire.Dial(ctx, server, s.Header, nobody{})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	go func() { _ = conn.Run(ctx) }() // ends with the connection
	if err := conn.Subscribe(ctx, channel, nil); err != nil {
		return nil, err
	}
	all := &wire.HistoryResult{}
	var since *wire.Position
	for {
		h, err := conn.History(ctx, channel, since, page)
		if err != nil {
			return nil, fmt.Errorf("history of %s by %s: %w", channel, server, err)
		}
		all.Position = h.Position
		all.Publications = append(all.Publications, h.Publications...)
		if len(h.Publications) < page {
			return all, nil
		}
		since = &wire.Position{Epoch: h.Epoch, Offset: h.Publications[len(h.Publications)-1].Offset}
	}
}
