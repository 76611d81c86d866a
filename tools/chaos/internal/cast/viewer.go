// Package cast are the people of a run: viewers who show what arrives, publishers who send, and a reader who looks at what is
// left in the end. Each writes down what it does and sees.
package cast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"magpie.build/tools/chaos/internal/record"
	"magpie.build/tools/chaos/internal/wire"
)

// Stage is what all of a run's people share.
type Stage struct {
	Log *record.Log
	// Servers are where to connect: host:port of each. Channels are what to follow.
	Servers, Channels []string
	// Header goes with each handshake.
	Header http.Header
	// Key finds a message's key in a publication's data.
	Key func(data json.RawMessage) string
}

// Waits between tries, shorter than those of the protocol's own clients: a run is to see many reconnects.
const (
	minWait = 50 * time.Millisecond
	maxWait = time.Second
)

// Viewer follows all channels from one connection at a time, and shows what arrives, as an application would.
type Viewer struct {
	Stage
	Name string

	server int
	slowly time.Duration

	mu    sync.Mutex
	conn  *wire.Conn
	at    map[string]wire.Position
	state map[string]bool // follows the channel
}

// NewViewer returns a viewer that first goes to the server of that number.
func NewViewer(s Stage, name string, server int) *Viewer {
	return &Viewer{Stage: s, Name: name, server: server, at: make(map[string]wire.Position), state: make(map[string]bool)}
}

// Run follows until ctx ends.
func (v *Viewer) Run(ctx context.Context) {
	for wait := minWait; ctx.Err() == nil; wait = min(2*wait, maxWait) {
		began := time.Now()
		err := v.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		v.away(err)
		if time.Since(began) > maxWait {
			wait = minWait
		}
		v.server++
		pause(ctx, wait/2+rand.N(wait/2)) //nolint:gosec // jitter is no secret
	}
}

// connection follows all channels until the connection ends.
func (v *Viewer) connection(ctx context.Context) error {
	conn, err := wire.Dial(ctx, v.Servers[v.server%len(v.Servers)], v.Header, v)
	if err != nil {
		return err
	}
	defer conn.Close()
	v.mu.Lock()
	v.conn = conn
	v.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, channel := range v.Channels {
		wg.Go(func() { v.follow(ctx, conn, channel) })
	}
	return conn.Run(ctx)
}

// follow keeps the channel subscribed while the connection lasts. A server that does not answer is left.
func (v *Viewer) follow(ctx context.Context, conn *wire.Conn, channel string) {
	for wait := minWait; ctx.Err() == nil; wait = min(2*wait, maxWait) {
		if v.follows(channel) {
			wait = minWait
		} else if err := conn.Subscribe(ctx, channel, v.since(channel)); err != nil {
			if _, refused := errors.AsType[*wire.Error](err); !refused {
				conn.Close()
				return
			}
		}
		pause(ctx, wait/2+rand.N(wait/2)) //nolint:gosec // jitter is no secret
	}
}

func (v *Viewer) follows(channel string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state[channel]
}

// since is where to continue, nil for who was never there.
func (v *Viewer) since(channel string) *wire.Position {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at, ok := v.at[channel]; ok {
		return &at
	}
	return nil
}

// At returns how far the viewer came, and whether it follows the channel.
func (v *Viewer) At(channel string) (wire.Position, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at[channel], v.state[channel]
}

// Leave ends the connection; the viewer comes back by itself.
func (v *Viewer) Leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil {
		v.conn.Close()
	}
}

// Slow has the viewer take so long for each message; zero ends it. A slow viewer follows as well as it can: it is not asked
// how soon it showed something.
func (v *Viewer) Slow(each time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.slowly = each
	for channel, follows := range v.state {
		if follows {
			e := record.Event{Kind: record.Live, Who: v.Name, Channel: channel, Epoch: v.at[channel].Epoch, Offset: v.at[channel].Offset}
			if each > 0 {
				e.Kind, e.Text = record.Away, "reads slowly"
			}
			v.Log.Add(e)
		}
	}
}

// away notes that the connection has ended.
func (v *Viewer) away(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, channel := range v.Channels {
		if v.state[channel] {
			v.leave(channel, fmt.Sprint(err))
		}
	}
}

// leave notes that the viewer does not follow the channel for now. The caller holds mu.
func (v *Viewer) leave(channel, why string) {
	v.state[channel] = false
	v.Log.Add(record.Event{Kind: record.Away, Who: v.Name, Channel: channel, Text: why})
}

// HandleSubscribe implements [wire.Handler].
func (v *Viewer) HandleSubscribe(channel string, result *wire.SubscribeResult) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := record.Event{Kind: record.Live, Who: v.Name, Channel: channel, Epoch: result.Epoch, Offset: result.Offset}
	if _, before := v.at[channel]; before && !result.Recovered {
		e.Kind, e.Text = record.Told, "not recovered"
	}
	v.Log.Add(e)
	if v.slowly > 0 {
		v.Log.Add(record.Event{Kind: record.Away, Who: v.Name, Channel: channel, Text: "reads slowly"})
	}
	v.at[channel], v.state[channel] = result.Position, true
	for _, publication := range result.Publications {
		v.show(channel, publication)
	}
}

// HandlePush implements [wire.Handler].
func (v *Viewer) HandlePush(push *wire.Push) {
	v.mu.Lock()
	slowly := v.slowly
	switch {
	case push.Pub != nil:
		v.show(push.Channel, *push.Pub)
	case push.Unsubscribe != nil:
		v.leave(push.Channel, fmt.Sprintf("unsubscribed: %d %s", push.Unsubscribe.Code, push.Unsubscribe.Reason))
	}
	v.mu.Unlock()
	if slowly > 0 {
		<-time.After(slowly)
	}
}

// show notes a message. The caller holds mu.
func (v *Viewer) show(channel string, publication wire.Publication) {
	at := wire.Position{Epoch: v.at[channel].Epoch, Offset: publication.Offset}
	v.at[channel] = at
	v.Log.Add(record.Event{
		Kind: record.Show, Who: v.Name, Channel: channel, Key: v.Key(publication.Data), Epoch: at.Epoch, Offset: at.Offset,
	})
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
