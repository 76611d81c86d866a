package realtime_test

import (
	"slices"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/realtime"
)

func TestInspectionShowsChannelsAndWhoIsThere(t *testing.T) {
	s := serve(t, realtime.Options{})
	ada := dial(t, s.url)
	ada.call(`{"id":1,"connect":{"token":"ada"}}`)
	ada.call(`{"id":2,"subscribe":{"channel":"room:1"}}`)
	ada.call(`{"id":3,"subscribe":{"channel":"plain:1"}}`)
	subscribed(t, s, "plain:1")
	s.publish(t, "room:1", `1`)
	ada.next()
	position := s.publish(t, "room:1", `2`)
	ada.next()

	channels := slices.SortedFunc(s.hub.InspectChannels(), func(a, b realtime.ChannelState) int { return strings.Compare(a.Name, b.Name) })
	want := []realtime.ChannelState{
		{Name: "plain:1", Subscribers: 2},
		{Name: "room:1", Subscribers: 1, Position: position, Publications: 2},
	}
	if !slices.Equal(channels, want) {
		t.Errorf("channels are %+v, want %+v", channels, want)
	}
	if got := slices.Collect(s.hub.InspectConnections()); len(got) != 2 {
		t.Errorf("%d connections, want 2", len(got))
	}
	subscribers := slices.Collect(s.hub.InspectSubscribers("room:1"))
	if len(subscribers) != 1 || subscribers[0].User != "ada" || subscribers[0].Subscriptions != 2 || subscribers[0].Since.IsZero() {
		t.Fatalf("subscribers are %+v", subscribers)
	}
	state, subscriptions, ok := s.hub.InspectConnection(subscribers[0].Client)
	if !ok || state != subscribers[0] {
		t.Errorf("the connection is %+v, %t", state, ok)
	}
	if !slices.Contains(subscriptions, realtime.SubscriptionState{Channel: "room:1", Position: position}) {
		t.Errorf("its subscriptions are %+v", subscriptions)
	}
	if _, _, ok := s.hub.InspectConnection("nobody"); ok {
		t.Error("there is a connection that nobody made")
	}
	if got := slices.Collect(s.hub.InspectSubscribers("room:none")); len(got) != 0 {
		t.Errorf("a channel without subscribers has %+v", got)
	}
}

func TestInspectionShowsWhoLagsWhere(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10})
	s.house.history = 10_000
	slow := subscribed(t, s, "room:1")
	published := 0
	for s.hub.Stats().MaxLagBytes < 64<<10 {
		published++
		s.publish(t, "room:1", big(published))
	}
	for channel := range s.hub.InspectChannels() {
		if channel.Lagging != 1 || channel.MaxLagBytes < 64<<10 {
			t.Errorf("the channel is %+v", channel)
		}
	}
	for connection := range s.hub.InspectConnections() {
		if !connection.Lagging || connection.MaxLagBytes < 64<<10 {
			t.Errorf("the connection is %+v", connection)
		}
	}
	for range published {
		slow.next()
	}
	eventually(t, "the lag is gone, and the repair remembered", func() bool {
		for channel := range s.hub.InspectChannels() {
			return channel.Lagging == 0 && channel.MaxLagBytes == 0 && channel.Repairs > 0
		}
		return false
	})
}
