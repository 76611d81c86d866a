package realtime

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"magpie.build/packages/pubsub"
)

// What a client that lags hears of people and of what is not kept: the last word, or nothing.
func TestALaggingSubscriptionLeavesOutWhatHasBecomeOld(t *testing.T) {
	for name, test := range map[string]struct {
		padding  int // bytes of each message between the others
		presence []string
		typing   int
		counts   string
	}{
		"up to date": {1, []string{"join 1", "leave 1", "join 2", "join 1"}, 3, "[7 8]"},
		"lagging":    {ephemeralLag, []string{"join 1", "join 2"}, 0, "[8]"},
	} {
		t.Run(name, func(t *testing.T) {
			ch := newChannel("room", 1)
			hub := New(nil, nil, Options{})
			s := &subscription{
				connection: &connection{hub: hub, codec: jsonCodec{}}, channel: ch, state: live,
				offer: SubscribeReply{Recoverable: true, JoinLeave: true}, position: pubsub.Position{Epoch: "e"},
			}
			s.at, _ = ch.enter(&subscription{variant: jsonVariant})
			presence := func(member string, left bool) {
				data, err := json.Marshal(clientInfo{Client: member})
				if err != nil {
					t.Fatal(err)
				}
				ch.append(entryPresence, pubsub.Position{}, newPresencePush(pubsub.PresenceEvent{Member: pubsub.Member{ID: member, Data: data}, Left: left}))
			}
			say := func(position pubsub.Position, data string) {
				p := pubsub.Publication{Position: position, Data: []byte(`{"data":"` + data + `"}`)}
				ch.append(entryPublication, position, publicationPush(p))
			}
			presence("1", false)
			for n := range 3 {
				say(pubsub.Position{}, "typing")
				say(pubsub.Position{Epoch: "e", Offset: uint64(n) + 1}, strings.Repeat("m", test.padding))
			}
			count := func(n int) {
				ch.append(entryPresence, pubsub.Position{}, presenceStatsPush{presenceStatsResult{Clients: n}})
			}
			count(7)
			presence("1", true)
			presence("2", false)
			count(8)
			presence("1", false)

			var out scratch
			for more := true; more; {
				more = s.gather(&out, 1<<30)
			}
			var said, counts []string
			typing, messages := 0, 0
			for _, object := range out.objects {
				text := string(object)
				switch {
				case strings.Contains(text, "typing"):
					typing++
				case strings.Contains(text, "mm"), strings.Contains(text, `"m"`):
					messages++
				case strings.Contains(text, `"num_clients"`):
					_, n, _ := strings.Cut(text, `"num_clients":`)
					counts = append(counts, n[:1])
				case strings.Contains(text, `"leave"`):
					said = append(said, "leave "+member(text))
				default:
					said = append(said, "join "+member(text))
				}
			}
			if fmt.Sprint(said) != fmt.Sprint(test.presence) || typing != test.typing || messages != 3 || fmt.Sprint(counts) != test.counts {
				t.Errorf("it hears %q, %d of 3 messages, %d times that somebody is typing, and counts of %v", said, messages, typing, counts)
			}
		})
	}
}

// member is whom a push is about.
func member(push string) string {
	_, rest, _ := strings.Cut(push, `"client":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}
