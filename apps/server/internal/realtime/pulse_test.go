package realtime_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// pipes is a network of its own: with it the clock of a test can be made to wait for the server.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.dialled <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inBubble runs a test on a clock of its own, with a server and a way to connect to it.
func inBubble(t *testing.T, options realtime.Options, test func(t *testing.T, connect func() *client)) {
	t.Helper()
	inBubbleOver(t, func(b pubsub.Broker) pubsub.Broker { return b }, options, test)
}

// inBubbleOver is inBubble with something around the broker.
func inBubbleOver(t *testing.T, around func(pubsub.Broker) pubsub.Broker, options realtime.Options, test func(t *testing.T, connect func() *client)) {
	t.Helper()
	inBubbleWith(t, around, options, func(t *testing.T, connect func(path string, options websocket.DialOptions) *client) {
		t.Helper()
		test(t, func() *client { return connect("/", websocket.DialOptions{}) })
	})
}

// inBubbleWith is inBubbleOver for WebSockets that are more than plain.
func inBubbleWith(t *testing.T, around func(pubsub.Broker) pubsub.Broker, options realtime.Options,
	test func(t *testing.T, connect func(path string, options websocket.DialOptions) *client),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		inner, err := memory.Open(memory.Options{})
		if err != nil {
			t.Fatal(err)
		}
		broker := around(inner)
		house := &house{}
		hub := realtime.New(broker, house, options)
		house.hub = hub
		ctx, cancel := context.WithCancel(t.Context())
		network := &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})}
		mux := http.NewServeMux()
		mux.Handle("/", hub)
		mux.Handle("/connection/", hub.Routes())
		web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
		var running sync.WaitGroup
		running.Go(func() { _ = hub.Run(ctx) })
		running.Go(func() { _ = web.Serve(network) })
		synctest.Wait()

		transport := &http.Transport{DialContext: network.dial}
		test(t, func(path string, options websocket.DialOptions) *client {
			t.Helper()
			options.HTTPClient = &http.Client{Transport: transport}
			ws, _, err := websocket.Dial(ctx, "ws://pipe"+path, &options) //nolint:bodyclose // the library closes it
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ws.CloseNow() })
			return &client{t: t, ws: ws, patience: time.Hour}
		})
		cancel()
		_ = web.Close()
		transport.CloseIdleConnections()
		running.Wait()
		_ = broker.Close()
	})
}

func TestWhoDoesNotConnectIsClosed(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		start := time.Now()
		if got := connect().next(); got != "close 3502 stale" {
			t.Error(got)
		}
		if waited := time.Since(start); waited < 15*time.Second || waited > 17*time.Second {
			t.Errorf("it took %v", waited)
		}
	})
}

func TestWhoAnswersPingsStays(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		c := connect()
		c.call(`{"id":1,"connect":{}}`)
		last := time.Now()
		for n := range 10 {
			if got := c.next(); got != "{}" {
				t.Fatalf("ping %d is %s", n, got)
			}
			// The client gives up 10 seconds after the interval.
			if waited := time.Since(last); waited > 27*time.Second || waited < 12*time.Second {
				t.Errorf("ping %d came after %v", n, waited)
			}
			last = time.Now()
			c.send("{}")
		}
	})
}

func TestWhoDoesNotAnswerAPingIsClosed(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		c := connect()
		c.call(`{"id":1,"connect":{}}`)
		if got := c.next(); got != "{}" {
			t.Fatal(got)
		}
		pinged := time.Now()
		if got := c.next(); got != "close 3012 no pong" {
			t.Error(got)
		}
		if waited := time.Since(pinged); waited < 10*time.Second || waited > 12*time.Second {
			t.Errorf("it took %v", waited)
		}
	})
}

func TestAnExpiredConnectionIsClosedAfterItsGrace(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		start := time.Now()
		c := connect()
		if got := c.call(`{"id":1,"connect":{"token":"brief"}}`); !strings.Contains(got, `"expires":true,"ttl":30`) {
			t.Error(got)
		}
		if got, waited := c.ponging(), time.Since(start); got != "close 3005 connection expired" || waited < 55*time.Second || waited > 57*time.Second {
			t.Errorf("after %v: %s", waited, got)
		}
	})
}

func TestARefreshedConnectionGoesOn(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		start := time.Now()
		c := connect()
		c.call(`{"id":1,"connect":{"token":"brief"}}`)
		if got := c.call(`{"id":2,"refresh":{"token":"mary"}}`); got != `{"id":2,"refresh":{"expires":true,"ttl":60}}` {
			t.Error(got)
		}
		if got, waited := c.ponging(), time.Since(start); got != "close 3005 connection expired" || waited < 85*time.Second || waited > 87*time.Second {
			t.Errorf("after %v: %s", waited, got)
		}
	})
}

func TestADrainDoesNotWaitForClientsThatDoNotAnswer(t *testing.T) {
	inBubble(t, realtime.Options{DrainTimeout: 2 * time.Second}, func(t *testing.T, connect func() *client) {
		t.Helper()
		for n := range 3 {
			connect().call(fmt.Sprintf(`{"id":%d,"connect":{}}`, n+1))
		}
		// That the bubble ends at all is what is tested: nobody reads on.
	})
}
