package realtime_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"unicode"

	"magpie.build/apps/server/internal/realtime"
)

// journal is a log that many goroutines write to.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestEverythingLoggedOfAConnectionNamesIt(t *testing.T) {
	log := &journal{}
	s := serve(t, realtime.Options{Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c := dial(t, s.url)
	var reply struct{ Connect struct{ Client string } }
	if err := json.Unmarshal([]byte(c.call(`{"id":1,"connect":{"token":"ada","name":"test","version":"1"}}`)), &reply); err != nil {
		t.Fatal(err)
	}
	c.call(`{"id":2,"subscribe":{"channel":"secret:1"}}`)
	c.call(`{"id":3,"rpc":{"method":"none"}}`)
	c.send(`nonsense`)
	want := []string{"client connected", "command refused", "command refused", "client sent a malformed message", "client disconnected"}
	eventually(t, "its end is logged", func() bool { return strings.Contains(log.String(), want[len(want)-1]) })
	var got []string
	for line := range strings.Lines(log.String()) {
		var entry struct{ Msg, Client, User string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if entry.Client != reply.Connect.Client || entry.User != "ada" {
			t.Errorf("not in the name of %s of ada: %s", reply.Connect.Client, line)
		}
		got = append(got, entry.Msg)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("logged %q, want %q", got, want)
	}
}

func TestWhatClientsSendMakesNoLinesInTheLog(t *testing.T) {
	const evil = "x\nlevel=ERROR msg=forged\r\x1b[31m\u202e\u2028\x00"
	encoded, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]func(*journal) slog.Handler{
		"text": func(j *journal) slog.Handler {
			return slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})
		},
		"json": func(j *journal) slog.Handler {
			return slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := &journal{}
			s := serve(t, realtime.Options{Logger: slog.New(handler(log))})
			c := dial(t, s.url)
			c.call(`{"id":1,"connect":{"name":"x\n\u001b[31m","version":` + string(encoded) + `}}`)
			c.call(`{"id":2,"subscribe":{"channel":` + string(encoded) + `}}`)
			c.call(`{"id":3,"rpc":{"method":` + string(encoded) + `}}`)
			c.send(string(encoded))
			eventually(t, "the end is logged", func() bool { return strings.Contains(log.String(), "client disconnected") })
			for _, r := range strings.ReplaceAll(log.String(), "\n", "") {
				if unicode.IsControl(r) {
					t.Errorf("the log has the control character %q:\n%s", r, log)
				}
			}
			for line := range strings.Lines(log.String()) {
				if !strings.HasPrefix(line, "time=") && !strings.HasPrefix(line, `{"time":`) {
					t.Errorf("a line begins with %.40q", line)
				}
			}
		})
	}
}
