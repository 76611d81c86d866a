package realtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// reply is what the server sends, as far as these tests look at it.
type reply struct {
	ID    int `json:"id"`
	Error *struct {
		Code int `json:"code"`
	} `json:"error"`
	Subscribe *struct {
		Epoch        string        `json:"epoch"`
		Offset       uint64        `json:"offset"`
		Recovered    bool          `json:"recovered"`
		Publications []publication `json:"publications"`
	} `json:"subscribe"`
	Push *struct {
		Pub         *publication `json:"pub"`
		Unsubscribe *struct {
			Code int `json:"code"`
		} `json:"unsubscribe"`
	} `json:"push"`
}

type publication struct {
	Data   uint64 `json:"data"`
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// reader is a client that checks what it is promised: each offset once and in order, or to be told.
type reader struct {
	t      *testing.T
	server *server
	random *rand.Rand

	client *client
	epoch  string
	offset uint64
	// known says that it has a position, subscribed that pushes may come.
	known, subscribed bool
	recovered, told   int
}

// run reads until it has seen the publication with the last number, cutting its connection, leaving
// and coming back as chance has it.
func (r *reader) run(last uint64) {
	for seen := uint64(0); seen < last; {
		if !r.subscribed {
			r.subscribe()
		}
		if r.known && r.offset == last {
			return
		}
		switch r.random.IntN(60) {
		case 0:
			_ = r.client.ws.CloseNow()
			r.client, r.subscribed = nil, false
		case 1:
			r.unsubscribe()
		default:
			seen = r.hear(r.next())
		}
	}
}

func (r *reader) next() reply {
	r.t.Helper()
	return parse(r.t, r.client.next())
}

// hear takes a push, and returns the number of what it has seen.
func (r *reader) hear(got reply) uint64 {
	r.t.Helper()
	switch {
	case got.Push != nil && got.Push.Pub != nil:
		r.apply(*got.Push.Pub)
	case got.Push != nil && got.Push.Unsubscribe != nil:
		if code := got.Push.Unsubscribe.Code; code != 2500 {
			r.t.Fatalf("unsubscribed with %d", code)
		}
		r.subscribed = false
	}
	return r.offset
}

// apply checks that a publication follows the one before, and holds the number of its offset.
func (r *reader) apply(p publication) {
	r.t.Helper()
	if p.Offset != r.offset+1 || p.Data != p.Offset {
		r.t.Fatalf("publication %d at offset %d came after offset %d", p.Data, p.Offset, r.offset)
	}
	r.offset = p.Offset
}

func (r *reader) unsubscribe() {
	r.t.Helper()
	r.client.send(`{"id":3,"unsubscribe":{"channel":"room:1"}}`)
	for {
		got := r.next()
		if got.ID == 3 {
			break
		}
		r.hear(got)
	}
	r.subscribed = false
}

// subscribe comes (back), from its last position if it has one.
func (r *reader) subscribe() {
	r.t.Helper()
	if r.client == nil {
		r.client = dial(r.t, r.server.url)
		r.client.call(`{"id":1,"connect":{}}`)
	}
	from := ""
	if r.known {
		from = fmt.Sprintf(`,"recover":true,"epoch":%q,"offset":%d`, r.epoch, r.offset)
	}
	r.client.send(`{"id":2,"subscribe":{"channel":"room:1"` + from + `}}`)
	got := r.next()
	if got.ID != 2 || got.Subscribe == nil {
		r.t.Fatalf("subscribe was answered with %+v", got)
	}
	answer := got.Subscribe
	switch {
	case answer.Recovered:
		r.recovered++
		if answer.Offset != r.offset || answer.Epoch != r.epoch {
			r.t.Fatalf("recovered from %s %d and not from %s %d", answer.Epoch, answer.Offset, r.epoch, r.offset)
		}
		for _, p := range answer.Publications {
			r.apply(p)
		}
	default:
		// Told: it begins anew.
		r.told++
		r.epoch, r.offset = answer.Epoch, answer.Offset
	}
	r.known, r.subscribed = true, true
}

// TestReadersSeeEverythingOnceOrAreTold has readers come and go while somebody publishes, some
// connections are slow, and the broker now and then says that it lost something.
func TestReadersSeeEverythingOnceOrAreTold(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			readersSeeEverything(t, seed)
		})
	}
}

func readersSeeEverything(t *testing.T, seed uint64) {
	t.Helper()
	const publications = 1500
	random := rand.New(rand.NewPCG(seed, 1))
	s := serve(t, realtime.Options{MaxBacklogBytes: 1 << 10, MaxHistory: 300})
	s.house.history = 20 + random.IntN(400)
	pauses := 1 + random.IntN(12)
	// Published before anybody is there: the broker has it, the hub does not know.
	s.publish(t, "room:1", "1")

	readers := make([]*reader, 8)
	var reading sync.WaitGroup
	for i := range readers {
		r := &reader{t: t, server: s, random: rand.New(rand.NewPCG(seed, uint64(i)+2))}
		readers[i] = r
		reading.Go(func() { r.run(publications) })
	}
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	var position pubsub.Position
	for n := 2; n <= publications; n++ {
		position = s.publish(t, "room:1", strconv.Itoa(n))
		switch chance := random.IntN(60); {
		case chance == 0:
			s.hub.HandleBreak("room:1", position)
		case chance <= pauses:
			<-pause.C
		}
	}
	reading.Wait()
	recovered, told := 0, 0
	for i, r := range readers {
		recovered, told = recovered+r.recovered, told+r.told-1
		if r.offset != publications {
			t.Errorf("reader %d ended at offset %d", i, r.offset)
		}
	}
	t.Logf("%d recoveries, %d times told, %d breaks, %d repairs", recovered, told, s.hub.Stats().Breaks, s.hub.Stats().Repairs)
}

func TestAGapInWhatTheBrokerDeliversIsTold(t *testing.T) {
	for name, delivered := range map[string]func(pubsub.Position) pubsub.Position{
		"an offset left out": func(p pubsub.Position) pubsub.Position { p.Offset += 2; return p },
		"another epoch":      func(p pubsub.Position) pubsub.Position { p.Epoch, p.Offset = "other", p.Offset+1; return p },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := subscribed(t, s, "room:1")
			position := s.publish(t, "room:1", "1")
			c.next()
			// What is there already is passed over.
			s.hub.HandlePublication("room:1", pubsub.Publication{Position: position, Data: []byte(`{"data":0}`)})
			s.hub.HandlePublication("room:1", pubsub.Publication{Position: delivered(position), Data: []byte(`{"data":3}`)})
			if got := c.next(); got != `{"push":{"channel":"room:1","unsubscribe":{"code":2500,"reason":"insufficient state"}}}` {
				t.Error(got)
			}
		})
	}
}

func TestWhatIsNoPublicationOfOursKeepsItsOffset(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := subscribed(t, s, "room:1")
	for n, foreign := range []string{"", "{}", "null", `{"data":`, "\xff"} {
		position, err := s.broker.Publish(t.Context(), "room:1", []byte(foreign), pubsub.PublishOptions{HistorySize: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got reply
		if text := c.next(); json.Unmarshal([]byte(text), &got) != nil || got.Push.Pub.Offset != position.Offset {
			t.Errorf("publication %d came as %s", n, text)
		}
	}
}

// TestTheLastToLeaveAndTheFirstToComeDoNotLoseAPublication has one client leave a room while another
// comes and something is published: whoever comes learns of it, though nothing follows.
func TestTheLastToLeaveAndTheFirstToComeDoNotLoseAPublication(t *testing.T) {
	s := serve(t, realtime.Options{})
	leaving, coming := dial(t, s.url), dial(t, s.url)
	for _, c := range []*client{leaving, coming} {
		c.call(`{"id":1,"connect":{}}`)
	}
	leaving.call(`{"id":2,"subscribe":{"channel":"room:1"}}`)
	for n := uint64(1); n <= 300; n++ {
		var meanwhile sync.WaitGroup
		meanwhile.Go(func() {
			leaving.send(`{"id":3,"unsubscribe":{"channel":"room:1"}}`)
			for parse(t, leaving.next()).ID != 3 {
			}
		})
		meanwhile.Go(func() { s.publish(t, "room:1", strconv.FormatUint(n, 10)) })
		coming.send(fmt.Sprintf(`{"id":2,"subscribe":{"channel":"room:1","recover":true,"offset":%d}}`, n-1))
		for !brings(parse(t, coming.next()), n) {
		}
		meanwhile.Wait()
		leaving, coming = coming, leaving
	}
}

// brings reports whether a reply or a push has the publication with that offset.
func brings(got reply, offset uint64) bool {
	switch {
	case got.Push != nil && got.Push.Pub != nil:
		return got.Push.Pub.Offset == offset
	case got.Subscribe != nil:
		return slices.ContainsFunc(got.Subscribe.Publications, func(p publication) bool { return p.Offset == offset })
	default:
		return false
	}
}

// parse reads what the server sent.
func parse(t *testing.T, text string) reply {
	t.Helper()
	var got reply
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Errorf("received %s: %v", text, err)
	}
	return got
}

// hesitant is a broker whose Unsubscribe takes its time to return.
type hesitant struct {
	pubsub.Broker

	unsubscribed, proceed chan struct{}
}

func (h *hesitant) Unsubscribe(ctx context.Context, channel string) error {
	err := h.Broker.Unsubscribe(ctx, channel)
	h.unsubscribed <- struct{}{}
	<-h.proceed
	return err
}

func TestWhoComesWhileTheLastOneLeavesLearnsWhatWasMissedBetween(t *testing.T) {
	var broker *hesitant
	around := func(b pubsub.Broker) pubsub.Broker {
		broker = &hesitant{b, make(chan struct{}), make(chan struct{}, 2)}
		return broker
	}
	inBubbleOver(t, around, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		leaving, coming := connect(), connect()
		coming.call(`{"id":1,"connect":{}}`)
		leaving.call(`{"id":1,"connect":{}}`)
		leaving.call(`{"id":2,"subscribe":{"channel":"room:1"}}`)
		leaving.send(`{"id":3,"unsubscribe":{"channel":"room:1"}}`)
		<-broker.unsubscribed
		// Now nobody hears of the channel, and somebody is about to come.
		coming.send(`{"id":2,"subscribe":{"channel":"room:1","recover":true}}`)
		synctest.Wait()
		if _, err := broker.Publish(t.Context(), "room:1", []byte(`{"data":1}`), pubsub.PublishOptions{HistorySize: 10}); err != nil {
			t.Fatal(err)
		}
		broker.proceed <- struct{}{}
		if got := coming.next(); !strings.Contains(got, `"publications":[{"data":1,"offset":1`) {
			t.Error(got)
		}
		go func() { <-broker.unsubscribed }()
		broker.proceed <- struct{}{}
	})
}
