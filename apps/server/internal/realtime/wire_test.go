package realtime_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// TestWire plays the conversations of testdata/wire. In a file, "== name" begins a conversation; in
// it, "a> text" is a message of client a ("\n" in it a newline), "a< text" the next object that a
// receives, "publish channel data" a publication of the server's, "tagged channel data" one with tags, "remove channel" the end of its history, and "break channel" the broker's
// word that it lost something. What differs from run to run is CLIENT, EPOCH and TIME. Each conversation
// is played in JSON, and in protobuf up to "only in JSON" or a message that cannot be said there.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, conversation := range strings.Split("\n"+string(text), "\n== ")[1:] {
				name, script, _ := strings.Cut(conversation, "\n")
				t.Run(name, func(t *testing.T) {
					t.Run("json", func(t *testing.T) { play(t, script, "JSON", dialJSON) })
					t.Run("protobuf", func(t *testing.T) { play(t, script, "protobuf", dialProtobuf) })
				})
			}
		})
	}
}

// play plays one conversation.
func play(t *testing.T, script, form string, dial func(t *testing.T, url string) speaker) {
	t.Helper()
	t.Parallel()
	s := serve(t, realtime.Options{MaxDataBytes: 100, MaxFrameBytes: 400, MaxChannels: 3, MaxHistory: 3, CommandsPerSecond: 20})
	clients := map[string]speaker{}
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		name := strings.TrimRight(verb, "<>")
		if name != verb && clients[name] == nil {
			clients[name] = dial(t, s.url)
		}
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case verb == "publish":
			channel, data, _ := strings.Cut(rest, " ")
			s.publish(t, channel, spelled.Replace(data))
		case line == "only in JSON":
			if form != "JSON" {
				return
			}
		case verb == "tagged":
			channel, data, _ := strings.Cut(rest, " ")
			publication := realtime.Publication{Data: []byte(data), Tags: map[string]string{"a": "1", "b": `"2"`}}
			if _, err := s.hub.Publish(t.Context(), channel, publication, s.house.keep(channel)); err != nil {
				t.Fatal(err)
			}
		case verb == "remove":
			if err := s.hub.RemoveHistory(t.Context(), rest); err != nil {
				t.Fatal(err)
			}
		case verb == "break":
			s.hub.HandleBreak(rest, pubsub.Position{Epoch: "new"})
		case strings.HasSuffix(verb, ">"):
			if !clients[name].say(spelled.Replace(rest)) {
				return
			}
		case strings.HasSuffix(verb, "<"):
			if got, want := clients[name].hear(rest); got != want {
				t.Fatalf("%s received\n\t%s\nand not\n\t%s", name, got, want)
			}
		default:
			t.Fatalf("no such line: %s", line)
		}
	}
}

// spelled is what a script does not spell out.
var spelled = strings.NewReplacer(
	`\n`, "\n",
	"BYTE_FF", "\xff",
	"A_HUNDRED_BYTES", strings.Repeat("x", 100),
	"A_THOUSAND_BYTES", strings.Repeat("x", 1000),
	"LONG_NAME", strings.Repeat("x", 256),
)

var changing = []struct {
	pattern *regexp.Regexp
	neutral string
}{
	{regexp.MustCompile(`"client":"[A-Z2-7]{26}"`), `"client":"CLIENT"`},
	{regexp.MustCompile(`"[A-Z2-7]{26}":`), `"CLIENT":`},
	{regexp.MustCompile(`"epoch":"[^"]+"`), `"epoch":"EPOCH"`},
	{regexp.MustCompile(`"time":\d+`), `"time":TIME`},
}

// neutral replaces what differs from run to run.
func neutral(line string) string {
	for _, c := range changing {
		line = c.pattern.ReplaceAllString(line, c.neutral)
	}
	return line
}

func TestWhatTheHandlerCannotDoIsNotAvailable(t *testing.T) {
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	hub := realtime.New(broker, realtime.Insecure(broker, 0), realtime.Options{})
	run(t, hub)
	c := dial(t, serveHTTP(t, hub))
	c.call(`{"id":1,"connect":{}}`)
	c.call(`{"id":2,"subscribe":{"channel":"plain:1"}}`)
	for _, request := range []string{
		`"rpc":{"method":"whoami"}`,
		`"refresh":{"token":"mary"}`,
		`"sub_refresh":{"channel":"plain:1","token":"mary"}`,
	} {
		if got := c.call(`{"id":3,` + request + `}`); got != `{"id":3,"error":{"code":108,"message":"not available"}}` {
			t.Errorf("%s is answered %s", request, got)
		}
	}
}
