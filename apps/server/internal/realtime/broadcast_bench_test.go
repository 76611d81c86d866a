package realtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// benchServer runs a hub that admits everybody.
func benchServer(b *testing.B, history int) (hub *realtime.Hub, url string) {
	b.Helper()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		b.Fatal(err)
	}
	hub = realtime.New(broker, realtime.Insecure(broker, history), realtime.Options{CommandsPerSecond: -1})
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	web := httptest.NewServer(hub)
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Errorf("the hub ended with: %v", err)
		}
		web.Close()
		_ = broker.Close()
	})
	return hub, web.URL
}

// join connects a subscriber by hand and returns its bare connection: in a benchmark the client must
// cost as good as nothing.
func join(b *testing.B, url, channel string) net.Conn {
	b.Helper()
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	message := `{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"` + channel + `"}}`
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"+
		// A masked text frame; a mask of zeroes changes nothing.
		"\x81%s\x00\x00\x00\x00%s", string([]byte{0x80 | byte(len(message))}), message)
	if err != nil {
		b.Fatal(err)
	}
	received := make([]byte, 0, 1024)
	for !bytes.Contains(received, []byte(`"subscribe":{}`)) {
		n, err := conn.Read(received[len(received):cap(received)])
		if err != nil {
			b.Fatal(err)
		}
		received = received[:len(received)+n]
	}
	return conn
}

// BenchmarkBroadcast publishes to a room of 1,000 over loopback TCP, the clients in the same process.
// One at a time waits for each publication to arrive everywhere, in bursts leaves 64 under way.
func BenchmarkBroadcast(b *testing.B) {
	const subscribers = 1000
	for name, ahead := range map[string]int{"one-at-a-time": 1, "in-bursts": 64} {
		b.Run(name, func(b *testing.B) {
			hub, url := benchServer(b, 0)
			var received atomic.Int64
			for range subscribers {
				conn := join(b, url, "room:1")
				go func() { _, _ = io.Copy(counter{&received}, conn) }()
			}
			publication := realtime.Publication{Data: json.RawMessage(`"` + strings.Repeat("x", 100) + `"`)}
			// A lower bound of what each publication must bring, whether joined with others or not.
			perPublication := int64(subscribers * len(fmt.Sprintf(`{"push":{"channel":"room:1","pub":{"data":%s}}}`, publication.Data)))
			published := int64(0)
			before := hub.Stats().Deliveries
			start := time.Now()
			for b.Loop() {
				for range ahead {
					if _, err := hub.Publish(b.Context(), "room:1", publication, pubsub.PublishOptions{}); err != nil {
						b.Fatal(err)
					}
					published++
				}
				for received.Load() < published*perPublication {
					runtime.Gosched()
				}
			}
			deliveries := float64(hub.Stats().Deliveries - before)
			b.ReportMetric(float64(time.Since(start).Nanoseconds())/deliveries, "ns/delivery")
		})
	}
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// BenchmarkIdleConnection measures what a connection with one subscription keeps: heap and stacks, the
// client's bare socket, which shares this process, included. The kernel's part is not.
func BenchmarkIdleConnection(b *testing.B) {
	_, url := benchServer(b, 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	connections := 0
	for b.Loop() {
		join(b, url, "room:1")
		connections++
	}
	for range 4 {
		runtime.GC() // each halves the stacks that grew
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/float64(connections), "heap-B/conn")
	b.ReportMetric(float64(after.StackInuse-before.StackInuse)/float64(connections), "stack-B/conn")
}
