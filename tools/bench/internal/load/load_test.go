package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"magpie.build/tools/bench/internal/load"
	"magpie.build/tools/bench/internal/server"
	"magpie.build/tools/bench/internal/wire"
)

// A hub is a server of the wire as small as can be. What it does to a publication is up to deliver, so that
// it can also do wrong.
type hub struct {
	*httptest.Server

	deliver func(n int, frame string) []string

	mu    sync.Mutex
	rooms map[string][]chan<- string
	count int
}

func newHub(t *testing.T, deliver func(n int, frame string) []string) *hub {
	t.Helper()
	h := &hub{deliver: deliver, rooms: map[string][]chan<- string{}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// faithful delivers what was published, once, behind a ping.
func faithful(_ int, frame string) []string { return []string{"{}\n" + frame} }

func (h *hub) Addrs() []string { return []string{strings.TrimPrefix(h.URL, "http://")} }

func (h *hub) Protocol() wire.Protocol { return wire.Centrifuge{} }

func (h *hub) Usage() (server.Usage, error) { return server.Usage{RSS: 1}, nil }

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	out := make(chan string, 10_000)
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case text := <-out:
				if c.Write(ctx, websocket.MessageText, []byte(text)) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	defer writer.Wait()
	defer cancel()
	for {
		_, message, err := c.Read(ctx)
		if err != nil {
			return
		}
		for object := range bytes.SplitSeq(message, []byte("\n")) {
			h.command(object, out)
		}
	}
}

func (h *hub) command(object []byte, out chan<- string) {
	var command struct {
		ID                 int
		Connect            *struct{}
		Subscribe, Publish *struct {
			Channel string
			Data    json.RawMessage
		}
	}
	if json.Unmarshal(object, &command) != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case command.Connect != nil:
		out <- fmt.Sprintf(`{"id":%d,"connect":{}}`, command.ID)
	case command.Subscribe != nil && command.Subscribe.Channel == "forbidden":
		out <- fmt.Sprintf(`{"id":%d,"error":{"code":103,"message":"permission denied"}}`, command.ID)
	case command.Subscribe != nil:
		h.rooms[command.Subscribe.Channel] = append(h.rooms[command.Subscribe.Channel], out)
		out <- fmt.Sprintf(`{"id":%d,"subscribe":{}}`, command.ID)
	case command.Publish != nil:
		frame := fmt.Sprintf(`{"push":{"channel":%q,"pub":{"data":%s}}}`, command.Publish.Channel, command.Publish.Data)
		h.count++
		for _, text := range h.deliver(h.count, frame) {
			for _, subscriber := range h.rooms[command.Publish.Channel] {
				subscriber <- text
			}
		}
		out <- fmt.Sprintf(`{"id":%d,"publish":{}}`, command.ID)
	}
}

func small() load.FanOut {
	return load.FanOut{Rooms: 1, Subscribers: 20, Rate: 100, Duration: 300 * time.Millisecond, Bytes: 200, Steps: 2}
}

func TestEveryDeliveryIsCounted(t *testing.T) {
	m, err := small().Fixed(t.Context(), newHub(t, faithful))
	if err != nil {
		t.Fatal(err)
	}
	if !m.Holds() || m.P50 <= 0 || m.P50 > m.P99 || m.P99 > m.Max || m.RSS != 1 {
		t.Errorf("a faithful server measures %+v", m)
	}
	if want := 100.0 * 20; m.Deliveries < want/2 || m.Deliveries > want*1.1 {
		t.Errorf("%.0f deliveries a second, want about %.0f", m.Deliveries, want)
	}
}

func TestEveryRoomHearsItsOwn(t *testing.T) {
	f := small()
	f.Rooms, f.Subscribers = 7, 2 // the last round of publications does not reach all rooms
	m, err := f.Fixed(t.Context(), newHub(t, faithful))
	if err != nil || m.Any() || m.Deliveries < 100 || m.Deliveries > 220 {
		t.Errorf("a faithful server measures %+v, %v", m, err)
	}
}

func TestFaultyDeliveryIsReported(t *testing.T) {
	var held string
	tests := map[string]struct {
		deliver func(n int, frame string) []string
		want    load.Faults
	}{
		"lost": {func(n int, frame string) []string {
			if n == 10 {
				return nil
			}
			return []string{frame}
		}, load.Faults{Lost: 20}},
		"doubled": {func(n int, frame string) []string {
			if n == 10 {
				return []string{frame, frame}
			}
			return []string{frame}
		}, load.Faults{Doubled: 20}},
		"reordered": {func(n int, frame string) []string {
			switch n {
			case 4: // from the same sender as the eighth
				held = frame
				return nil
			case 10:
				return []string{frame, held}
			}
			return []string{frame}
		}, load.Faults{Reordered: 20}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := small().Fixed(t.Context(), newHub(t, tt.deliver))
			if err != nil {
				t.Fatal(err)
			}
			if m.Faults != tt.want || m.Holds() {
				t.Errorf("got %+v, want %+v", m.Faults, tt.want)
			}
		})
	}
}

func TestHighestRateDoublesWhileItHolds(t *testing.T) {
	var progress bytes.Buffer
	m, err := small().Highest(t.Context(), newHub(t, faithful), &progress)
	if err != nil {
		t.Fatal(err)
	}
	if m.Rate < 150 || strings.Count(progress.String(), "\n") != 2 {
		t.Errorf("the highest rate is %.0f after\n%s", m.Rate, &progress)
	}
}

func TestIdleConnectionsAreHeldAndClosed(t *testing.T) {
	idle, err := load.MeasureIdle(t.Context(), newHub(t, faithful), 100, 20*time.Millisecond)
	if err != nil || idle.Connections != 100 || idle.Each() != 0 {
		t.Errorf("got %+v, %v", idle, err)
	}
}

func TestServerThatIsNotThereIsNamed(t *testing.T) {
	h := newHub(t, faithful)
	addr := h.Addrs()[0]
	h.Close()
	if _, err := load.MeasureIdle(t.Context(), h, 3, time.Millisecond); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v, want an error that names %s", err, addr)
	}
}
