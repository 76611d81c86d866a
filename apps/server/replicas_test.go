package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/packages/pubsub/redis/redistest"
)

func TestPublishersAreToldWhenReplicasAreMissing(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	redis := redistest.Start(t, redistest.Options{}) // which has no replica
	s := start(t, append([]string{
		"REDIS_URL=" + redis.URL(), "NAMESPACES_OPEN_HISTORY_SIZE=10", "NAMESPACES_OPEN_REPLICAS=1", "NAMESPACES_OPEN_REPLICA_TIMEOUT=20ms",
	}, guarded...)...)
	const want = "published, but not on enough replicas yet"

	ada := s.connect(centrifuge.Config{Token: tokenOf(t, "ada", nil)})
	ada.hears(t, "connected")
	room, err := ada.NewSubscription("open:1")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 10)
	room.OnPublication(func(e centrifuge.PublicationEvent) { heard <- string(e.Data) })
	subscribed := make(chan struct{})
	room.OnSubscribed(func(centrifuge.SubscribedEvent) { close(subscribed) })
	if err := room.Subscribe(); err != nil {
		t.Fatal(err)
	}
	<-subscribed
	_, err = room.Publish(t.Context(), []byte(`"from a client"`))
	if told, ok := errors.AsType[*centrifuge.Error](err); !ok || !told.Temporary || !strings.Contains(told.Message, want) {
		t.Errorf("the client is told %v", err)
	}
	if _, err = s.api().Publish(t.Context(), "open:1", []byte(`"from a back end"`)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the back end is told %v", err)
	}
	if one, two := <-heard, <-heard; one != `"from a client"` || two != `"from a back end"` {
		t.Errorf("heard %s and %s", one, two)
	}
}
