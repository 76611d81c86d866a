package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/packages/pubsub"
)

// roomsChannel holds one event for each room that was made.
const roomsChannel = "$rooms"

// index is the list of rooms, as every server folds it from the events in roomsChannel. Events come
// live; where one was passed over, the next question reads what is missing.
type index struct {
	broker Watcher
	first  []string
	now    func() time.Time

	// reading lets one goroutine at a time read events.
	reading sync.Mutex

	mu       sync.Mutex
	rooms    map[RoomID]Room
	position pubsub.Position
	// behind is set when there are events which the fold has not seen.
	behind bool
}

var _ pubsub.Handler = (*index)(nil)

func (x *index) start(ctx context.Context) error {
	if err := x.broker.Watch(ctx, roomsChannel, x); err != nil {
		return fmt.Errorf("follow the list of rooms: %w", err)
	}
	return x.catchUp(ctx)
}

// HandlePublication folds a room that was just made, here or on another server.
func (x *index) HandlePublication(_ string, publication pubsub.Publication) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.fold(publication)
}

// HandlePresence has nothing to do: nobody enters the channel.
func (x *index) HandlePresence(string, pubsub.PresenceEvent) {}

// HandlePresenceStats has as little.
func (x *index) HandlePresenceStats(string, pubsub.PresenceStats) {}

// HandleBreak has the next question read the list anew.
func (x *index) HandleBreak(string, pubsub.Position) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.behind = true
}

// fold applies an event that comes next, and notes when it is not. The caller holds mu.
func (x *index) fold(publication pubsub.Publication) {
	position := publication.Position
	switch {
	case position.Epoch != x.position.Epoch || position.Offset > x.position.Offset+1:
		x.behind = true
	case position.Offset == x.position.Offset+1:
		x.position = position
		var room Room
		// An event that is no room of ours takes its place in the order and nothing else.
		if err := json.Unmarshal(publication.Data, &room); err != nil || room.ID == "" {
			return
		}
		if _, taken := x.rooms[room.ID]; !taken {
			x.rooms[room.ID] = room
		}
	}
}

// catchUp reads the events after the last one folded, and makes the first rooms where there never was
// an event.
func (x *index) catchUp(ctx context.Context) error {
	x.reading.Lock()
	defer x.reading.Unlock()
	history, err := x.read(ctx)
	if err != nil {
		return fmt.Errorf("read the list of rooms: %w", err)
	}
	if history.Position.Offset > 0 {
		return nil
	}
	for _, name := range x.first {
		room, err := newRoom(name, auth.User{}, x.now())
		if err != nil {
			return err
		}
		if err := x.publish(ctx, room); err != nil {
			return err
		}
	}
	_, err = x.read(ctx)
	return err
}

func (x *index) read(ctx context.Context) (pubsub.History, error) {
	x.mu.Lock()
	since := x.position
	x.mu.Unlock()
	history, err := x.broker.History(ctx, roomsChannel, pubsub.HistoryOptions{Since: &since, Limit: -1})
	anew := errors.Is(err, pubsub.ErrUnrecoverable)
	if anew {
		history, err = x.broker.History(ctx, roomsChannel, pubsub.HistoryOptions{Limit: -1})
	}
	if err != nil {
		return pubsub.History{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if anew || x.rooms == nil {
		x.rooms = make(map[RoomID]Room)
		x.position.Offset = 0
		if len(history.Publications) > 0 {
			x.position.Offset = history.Publications[0].Position.Offset - 1
		}
	}
	x.position.Epoch = history.Position.Epoch // the same, a new one, or one in which the last went on
	x.behind = false
	for _, publication := range history.Publications {
		x.fold(publication)
	}
	return history, nil
}

func (x *index) publish(ctx context.Context, room Room) error {
	data, err := json.Marshal(room)
	if err != nil {
		return fmt.Errorf("make room %q: %w", room.ID, err)
	}
	// Of two who make the same room at once, the idempotency key lets one in.
	options := pubsub.PublishOptions{HistorySize: pubsub.MaxHistorySize, IdempotencyKey: string(room.ID)}
	if _, err := x.broker.Publish(ctx, roomsChannel, data, options); err != nil {
		return fmt.Errorf("make room %q: %w", room.ID, err)
	}
	return nil
}

// room answers from memory, and asks the broker before it denies: a person who was sent on to another
// server may be there before the news of the room.
func (x *index) room(ctx context.Context, id RoomID) (Room, error) {
	if room, ok := x.lookup(id); ok {
		return room, nil
	}
	if err := x.catchUp(ctx); err != nil {
		return Room{}, err
	}
	if room, ok := x.lookup(id); ok {
		return room, nil
	}
	return Room{}, fmt.Errorf("room %q: %w", id, ErrUnknownRoom)
}

func (x *index) lookup(id RoomID) (Room, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	room, ok := x.rooms[id]
	return room, ok && !x.behind
}

func (x *index) list(ctx context.Context) ([]Room, error) {
	if x.isBehind() {
		if err := x.catchUp(ctx); err != nil {
			return nil, err
		}
	}
	x.mu.Lock()
	rooms := slices.Collect(maps.Values(x.rooms))
	x.mu.Unlock()
	slices.SortFunc(rooms, func(a, b Room) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return rooms, nil
}

func (x *index) isBehind() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.behind
}

func (x *index) create(ctx context.Context, room Room) (Room, error) {
	if err := x.catchUp(ctx); err != nil {
		return Room{}, err
	}
	if there, ok := x.lookup(room.ID); ok {
		return there, ErrRoomExists
	}
	if x.count() >= MaxRooms {
		return Room{}, ErrTooManyRooms
	}
	if err := x.publish(ctx, room); err != nil {
		return Room{}, err
	}
	there, err := x.room(ctx, room.ID)
	if err == nil && there != room {
		err = ErrRoomExists // somebody else was faster by a moment
	}
	return there, err
}

func (x *index) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.rooms)
}
