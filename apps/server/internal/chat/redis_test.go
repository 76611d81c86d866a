package chat_test

import (
	"slices"
	"testing"

	"magpie.build/apps/server/internal/chat"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// A server that starts anew goes on in a new epoch: what was folded before still holds.
func TestRoomsOutliveTheEpochThatTheyWereMadeIn(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	server := redistest.Start(t, redistest.Options{Append: true})
	broker, err := redis.Open(t.Context(), redis.Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	one := newChat(t, broker, chat.Options{})
	server.Kill()
	server.Restart()
	for broker.Probe(t.Context()) != nil {
		if t.Context().Err() != nil {
			t.Fatal("the server does not come back")
		}
	}
	made, err := newChat(t, broker, chat.Options{}).Create(t.Context(), ada, "New")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.Join(t.Context(), ada, made.ID); err != nil {
		t.Fatal(err)
	}
	if got := names(t, one); !slices.Equal(got, []string{"General", "New", "Random"}) {
		t.Errorf("rooms: %q", got)
	}
}
