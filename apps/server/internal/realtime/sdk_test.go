package realtime_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// The tests of this file drive the hub with the protocol's public Go client.

// form makes the public client of one of the protocol's forms.
type form func(url string, config centrifuge.Config) *centrifuge.Client

var forms = map[string]form{"json": centrifuge.NewJsonClient, "protobuf": centrifuge.NewProtobufClient}

// sdk connects the public client.
func (p form) sdk(t *testing.T, url string, config centrifuge.Config) *centrifuge.Client {
	t.Helper()
	config.MinReconnectDelay, config.MaxReconnectDelay = time.Millisecond, 20*time.Millisecond
	c := p(url, config)
	t.Cleanup(c.Close)
	return c
}

// connected connects the public client and waits until it is.
func (p form) connected(t *testing.T, url string, config centrifuge.Config) *centrifuge.Client {
	t.Helper()
	c := p.sdk(t, url, config)
	if err := c.Connect(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the client connects", func() bool { return c.State() == centrifuge.StateConnected })
	return c
}

// listener is a subscription of the public client that remembers what it was told.
type listener struct {
	*centrifuge.Subscription

	mu    sync.Mutex
	heard []string
	told  []string
}

// listen subscribes, and waits until it is.
func listen(t *testing.T, c *centrifuge.Client, channel string) *listener {
	t.Helper()
	return listenWith(t, c, channel, centrifuge.SubscriptionConfig{})
}

// listenWith is listen for a subscription that is more than plain.
func listenWith(t *testing.T, c *centrifuge.Client, channel string, config centrifuge.SubscriptionConfig) *listener {
	t.Helper()
	config.MinResubscribeDelay, config.MaxResubscribeDelay = time.Millisecond, 20*time.Millisecond
	subscription, err := c.NewSubscription(channel, config)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Subscription: subscription}
	subscription.OnPublication(func(e centrifuge.PublicationEvent) { l.note(&l.heard, string(e.Data)) })
	subscription.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		l.note(&l.told, fmt.Sprintf("subscribed recovering=%t recovered=%t", e.WasRecovering, e.Recovered))
	})
	subscription.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) {
		l.note(&l.told, fmt.Sprintf("unsubscribed %d %s", e.Code, e.Reason))
	})
	subscription.OnError(func(e centrifuge.SubscriptionErrorEvent) { l.note(&l.told, "error "+e.Error.Error()) })
	subscription.OnJoin(func(e centrifuge.JoinEvent) { l.note(&l.told, "join "+e.User) })
	subscription.OnLeave(func(e centrifuge.LeaveEvent) { l.note(&l.told, "leave "+e.User) })
	if err := subscription.Subscribe(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the listener is told", func() bool { return len(l.events()) > 0 })
	return l
}

func (l *listener) note(list *[]string, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, what)
}

func (l *listener) publications() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heard)
}

func (l *listener) events() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// hears waits until the listener has heard the numbers from 1 to n, in order and once each.
func (l *listener) hears(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the listener hears %d publications", n), func() bool { return len(l.publications()) >= n })
	want := make([]string, n)
	for i := range want {
		want[i] = strconv.Itoa(i + 1)
	}
	if got := l.publications(); !slices.Equal(got, want) {
		t.Errorf("heard %v and not 1 to %d", got, n)
	}
}

func TestFiftyConnectionsHearEachOther(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			const connections = 50
			s := serve(t, realtime.Options{})
			listeners := make([]*listener, connections)
			clients := make([]*centrifuge.Client, connections)
			var ready sync.WaitGroup
			for i := range listeners {
				ready.Go(func() {
					clients[i] = p.connected(t, s.url, centrifuge.Config{Token: "user" + strconv.Itoa(i)})
					listeners[i] = listen(t, clients[i], "room:1")
				})
			}
			ready.Wait()
			var publishing sync.WaitGroup
			for i, c := range clients {
				publishing.Go(func() {
					for n := range 4 {
						if _, err := c.Publish(t.Context(), "room:1", fmt.Appendf(nil, `"%d says %d"`, i, n)); err != nil {
							t.Errorf("client %d: %v", i, err)
						}
					}
				})
			}
			publishing.Wait()
			eventually(t, "everybody hears everything", func() bool {
				return !slices.ContainsFunc(listeners, func(l *listener) bool { return len(l.publications()) < 4*connections })
			})
			want := listeners[0].publications()
			for i, l := range listeners {
				if got := l.publications(); !slices.Equal(got, want) {
					t.Errorf("listener %d heard another order, or not the same", i)
				}
			}
			if said := slices.Compact(slices.Sorted(slices.Values(want))); len(said) != 4*connections {
				t.Errorf("%d different publications were heard and not %d", len(said), 4*connections)
			}
		})
	}
}

func TestACutConnectionRecoversEverythingOnce(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			const publications = 600
			s := serve(t, realtime.Options{})
			s.house.history = publications
			wire := startWire(t, s.url)
			l := listen(t, p.connected(t, wire.url, centrifuge.Config{}), "room:1")
			for n := 1; n <= publications; n++ {
				s.publish(t, "room:1", strconv.Itoa(n))
				if n%100 == 50 {
					wire.cut()
					eventually(t, "the client comes back", func() bool { return len(l.events()) > n/100+1 })
				}
			}
			l.hears(t, publications)
			for _, event := range l.events()[1:] {
				if event != "subscribed recovering=true recovered=true" {
					t.Errorf("the listener was told %q", event)
				}
			}
		})
	}
}

func TestWhoMissedMoreThanHistoryHoldsIsTold(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			s.house.history = 5
			wire := startWire(t, s.url)
			l := listen(t, p.connected(t, wire.url, centrifuge.Config{}), "room:1")
			s.publish(t, "room:1", "1")
			l.hears(t, 1)
			wire.refuse(true)
			wire.cut()
			for n := range 20 {
				s.publish(t, "room:1", strconv.Itoa(n))
			}
			wire.refuse(false)
			eventually(t, "the listener is told", func() bool {
				return slices.Contains(l.events(), "subscribed recovering=true recovered=false")
			})
		})
	}
}

func TestAServerThatStopsSendsItsClientsToTheNext(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			shared := newShared(t)
			first := serveOver(t, shared.member(), &house{}, realtime.Options{})
			second := serveOver(t, shared.member(), &house{}, realtime.Options{})
			wire := startWire(t, first.url)
			c := p.sdk(t, wire.url, centrifuge.Config{})
			why := make(chan centrifuge.ConnectingEvent, 16)
			c.OnConnecting(func(e centrifuge.ConnectingEvent) { why <- e })
			if err := c.Connect(); err != nil {
				t.Fatal(err)
			}
			l := listen(t, c, "room:1")
			<-why
			for n := 1; n <= 10; n++ {
				second.publish(t, "room:1", strconv.Itoa(n))
			}
			l.hears(t, 10)

			wire.target(second.url)
			first.stop()
			if e := <-why; e.Code != 3001 || e.Reason != "shutdown" {
				t.Errorf("the client was told %d %q", e.Code, e.Reason)
			}
			for n := 11; n <= 20; n++ {
				second.publish(t, "room:1", strconv.Itoa(n))
			}
			l.hears(t, 20)
		})
	}
}

func TestASubscriptionThatIsRefusedSaysWhy(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := p.connected(t, s.url, centrifuge.Config{})
			for channel, want := range map[string]string{
				"nowhere":                "unsubscribed 102 unknown channel",
				"secret:1":               "unsubscribed 103 permission denied",
				strings.Repeat("x", 256): "unsubscribed 107 a channel's name has 1 to 255 bytes",
			} {
				l := listen(t, c, channel)
				eventually(t, "the listener is told "+want, func() bool { return slices.Contains(l.events(), want) })
			}
			if c.State() != centrifuge.StateConnected {
				t.Errorf("the client is %s", c.State())
			}
		})
	}
}

func TestAPublicationThatIsRefusedLeavesTheConnection(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := p.connected(t, s.url, centrifuge.Config{})
			for _, test := range []struct {
				channel string
				bytes   int
				want    *realtime.Error
			}{
				{"plain:1", 100 << 10, realtime.ErrBadRequest},
				{"secret:1", 10, realtime.ErrPermissionDenied},
			} {
				_, err := c.Publish(t.Context(), test.channel, []byte(`"`+strings.Repeat("x", test.bytes)+`"`))
				if answer, ok := errors.AsType[*centrifuge.Error](err); !ok || answer.Code != test.want.Code {
					t.Errorf("publish of %d bytes to %s: %v", test.bytes, test.channel, err)
				}
			}
			if _, err := c.RPC(t.Context(), "echo", []byte(`1`)); err != nil {
				t.Errorf("the connection does not go on: %v", err)
			}
		})
	}
}

func TestAMessageTooLargeToReadIsClosedWithAReason(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := p.connected(t, s.url, centrifuge.Config{})
			why := make(chan centrifuge.ConnectingEvent, 1)
			c.OnConnecting(func(e centrifuge.ConnectingEvent) { why <- e })
			_, err := c.Publish(t.Context(), "plain:1", []byte(`"`+strings.Repeat("x", 1<<20)+`"`))
			if err == nil {
				t.Error("a megabyte was published")
			}
			// 3 is what this client makes of the WebSocket status 1009.
			if e := <-why; e.Code != 3 {
				t.Errorf("the client was told %d %q", e.Code, e.Reason)
			}
			eventually(t, "the client comes back", func() bool { return c.State() == centrifuge.StateConnected })
		})
	}
}

func TestPresenceFollowsWhoIsThere(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			mary := p.connected(t, s.url, centrifuge.Config{Token: "mary"})
			john := p.connected(t, s.url, centrifuge.Config{Token: "john"})
			listening := listen(t, mary, "people:1")
			leaving := listen(t, john, "people:1")
			eventually(t, "mary hears john come", func() bool { return slices.Contains(listening.events(), "join john") })

			members, err := mary.Presence(t.Context(), "people:1")
			if err != nil {
				t.Fatal(err)
			}
			var users []string
			for _, info := range members.Clients {
				users = append(users, info.User+" "+string(info.ConnInfo)+" "+string(info.ChanInfo))
			}
			slices.Sort(users)
			if want := []string{`john {"name":"john"} {"seat":1}`, `mary {"name":"mary"} {"seat":1}`}; !slices.Equal(users, want) {
				t.Errorf("present are %v", users)
			}
			stats, err := mary.PresenceStats(t.Context(), "people:1")
			if err != nil || stats.NumClients != 2 || stats.NumUsers != 2 {
				t.Errorf("presence stats are %+v, %v", stats, err)
			}

			if err := leaving.Unsubscribe(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "mary hears john go", func() bool { return slices.Contains(listening.events(), "leave john") })
			if err := leaving.Subscribe(); err != nil {
				t.Fatal(err)
			}
			john.Close()
			eventually(t, "mary hears john's connection end", func() bool {
				return strings.Count(strings.Join(listening.events(), ";"), "leave john") == 2
			})
		})
	}
}

func TestHistoryIsReadInPages(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := p.connected(t, s.url, centrifuge.Config{})
			l := listen(t, c, "room:1")
			for n := 1; n <= 10; n++ {
				s.publish(t, "room:1", strconv.Itoa(n))
			}
			l.hears(t, 10)
			read := func(options ...centrifuge.HistoryOption) string {
				t.Helper()
				result, err := c.History(t.Context(), "room:1", options...)
				if err != nil {
					t.Fatal(err)
				}
				var data []string
				for _, publication := range result.Publications {
					data = append(data, string(publication.Data))
				}
				return fmt.Sprintf("%s of %d", strings.Join(data, ","), result.Offset)
			}
			position, err := c.History(t.Context(), "room:1")
			if err != nil {
				t.Fatal(err)
			}
			since := centrifuge.WithHistorySince(&centrifuge.StreamPosition{Offset: 4, Epoch: position.Epoch})
			for name, test := range map[string]struct{ got, want string }{
				"first":    {read(centrifuge.WithHistoryLimit(3)), "1,2,3 of 10"},
				"next":     {read(centrifuge.WithHistoryLimit(3), since), "5,6,7 of 10"},
				"last":     {read(centrifuge.WithHistoryLimit(2), centrifuge.WithHistoryReverse(true)), "10,9 of 10"},
				"before":   {read(centrifuge.WithHistoryLimit(2), centrifuge.WithHistoryReverse(true), since), "3,2 of 10"},
				"position": {read(), " of 10"},
			} {
				if test.got != test.want {
					t.Errorf("%s: %s and not %s", name, test.got, test.want)
				}
			}
		})
	}
}

func TestRPCAnswersOrSaysWhyNot(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := p.connected(t, s.url, centrifuge.Config{Token: "mary"})
			result, err := c.RPC(t.Context(), "whoami", nil)
			if err != nil || string(result.Data) != `"mary"` {
				t.Errorf("whoami is %s, %v", result.Data, err)
			}
			_, err = c.RPC(t.Context(), "dance", nil)
			if answer, ok := errors.AsType[*centrifuge.Error](err); !ok || answer.Code != realtime.ErrMethodNotFound.Code {
				t.Errorf("an unknown method: %v", err)
			}
		})
	}
}

func TestWhoUnsubscribesHearsNothingUntilItReturns(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := p.connected(t, s.url, centrifuge.Config{})
			l := listen(t, c, "plain:1")
			s.publish(t, "plain:1", "1")
			l.hears(t, 1)
			if err := l.Unsubscribe(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the hub lets the channel go", func() bool { return s.hub.Stats().Channels == 0 })
			s.publish(t, "plain:1", "0")
			if err := l.Subscribe(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the listener is back", func() bool { return l.State() == centrifuge.SubStateSubscribed })
			s.publish(t, "plain:1", "2")
			l.hears(t, 2)
		})
	}
}

func TestATokenThatIsRefusedEndsTheClientOrRenewsIt(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			for token, code := range map[string]uint32{"forged": 3500, "unauthorized": 101} {
				c := p.sdk(t, s.url, centrifuge.Config{Token: token})
				why := make(chan centrifuge.DisconnectedEvent, 1)
				c.OnDisconnected(func(e centrifuge.DisconnectedEvent) { why <- e })
				if err := c.Connect(); err != nil {
					t.Fatal(err)
				}
				if e := <-why; e.Code != code {
					t.Errorf("token %q: the client was told %d %q and not %d", token, e.Code, e.Reason, code)
				}
			}
			p.connected(t, s.url, centrifuge.Config{
				Token:    "expired",
				GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) { return "mary", nil },
			})
		})
	}
}

func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, realtime.Options{})
			asked := make(chan struct{}, 16)
			c := p.connected(t, s.url, centrifuge.Config{
				Token: "moment", // for a second
				GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) {
					asked <- struct{}{}
					return "mary", nil
				},
			})
			<-asked
			if _, err := c.RPC(t.Context(), "echo", []byte("1")); err != nil {
				t.Error(err)
			}
			eventually(t, "the command to refresh is answered", func() bool { return s.hub.Stats().Commands == 3 })
			if c.State() != centrifuge.StateConnected || len(asked) > 0 {
				t.Errorf("the client is %s", c.State())
			}
		})
	}
}

func TestABreakHasClientsSubscribeAnew(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			l := listen(t, p.connected(t, s.url, centrifuge.Config{}), "room:1")
			s.publish(t, "room:1", "1")
			l.hears(t, 1)
			position := s.publish(t, "room:1", "2")
			l.hears(t, 2)
			s.hub.HandleBreak("room:1", position)
			eventually(t, "the listener comes back", func() bool { return len(l.events()) > 1 })
			s.publish(t, "room:1", "3")
			l.hears(t, 3)
			if got := s.hub.Stats().Breaks; got != 1 {
				t.Errorf("%d subscriptions were told of a break", got)
			}
		})
	}
}

func TestOverTLSNothingIsLostOrOutOfOrder(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			const publications = 500
			s := serve(t, realtime.Options{})
			s.house.history = publications
			url, trust := s.secure(t)
			l := listen(t, p.connected(t, url, centrifuge.Config{TLSConfig: trust}), "room:1")
			for n := 1; n <= publications; n++ {
				s.publish(t, "room:1", strconv.Itoa(n))
			}
			l.hears(t, publications)
		})
	}
}

func TestAHubWhoseBrokerIsClosedEndsAndSaysSo(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			broker, err := memory.Open(memory.Options{})
			if err != nil {
				t.Fatal(err)
			}
			hub := realtime.New(broker, realtime.Insecure(broker, 0), realtime.Options{})
			done := make(chan error, 1)
			go func() { done <- hub.Run(t.Context()) }()
			c := p.connected(t, serveHTTP(t, hub), centrifuge.Config{})
			why := make(chan centrifuge.ConnectingEvent, 1)
			c.OnConnecting(func(e centrifuge.ConnectingEvent) { why <- e })
			if err := broker.Close(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, pubsub.ErrClosed) {
				t.Errorf("the hub ended with: %v", err)
			}
			if e := <-why; e.Code != 3001 {
				t.Errorf("the client was told %d %q", e.Code, e.Reason)
			}
		})
	}
}
