package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func none(string) string { return "" }

func TestListFits(t *testing.T) {
	t.Parallel()
	names := []string{"aaaa", "bbbb", "cccc", "dddd"}
	for width, want := range map[int]string{
		80: "run: aaaa, bbbb, cccc, dddd",
		27: "run: aaaa, bbbb, cccc, dddd",
		26: "run: aaaa, bbbb and 2 more",
		25: "run: aaaa and 3 more",
		5:  "run: aaaa and 3 more", // one is always named
	} {
		if got := fit("run:", names, width); got != want {
			t.Errorf("in %d columns: %q, want %q", width, got, want)
		}
	}
	if got := fit("run:", nil, 80); got != "run:" {
		t.Errorf("without names: %q", got)
	}
}

func TestEscapeSequences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ plain, coloured string }{
		"plain":                                  {"plain", "plain"},
		"\x1b[31mred\x1b[0m":                     {"red", "\x1b[31mred\x1b[0m\x1b[0m"},
		"\x1b[2K\x1b[1Aup \x1b[1;32mgo":          {"up go", "up \x1b[1;32mgo\x1b[0m"},
		"\x1b]8;;https://x\x1b\\link\x1b]8;;\a!": {"link!", "link!\x1b[0m"},
		"\x1b]0;title without end":               {"", "\x1b[0m"},
		"cut \x1b[":                              {"cut ", "cut \x1b[0m"},
		"cut \x1b":                               {"cut ", "cut \x1b[0m"},
		"\x1b7saved\x1b8":                        {"saved", "saved\x1b[0m"},
	} {
		if got := string((&stream{}).clean([]byte(text))); got != want.plain {
			t.Errorf("%q without colour is %q, want %q", text, got, want.plain)
		}
		if got := string((&stream{colour: true}).clean([]byte(text))); got != want.coloured {
			t.Errorf("%q with colour is %q, want %q", text, got, want.coloured)
		}
	}
	if got := string(overwritten([]byte("10%\r50%\r100%\r"))); got != "100%" {
		t.Errorf("what a line overwrote is kept: %q", got)
	}
}

// A reader of the log file finds an array of all events so far, whenever it looks.
func TestFileIsCompleteAtEveryMoment(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "log.json")
	file, err := CreateFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := New(Options{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Env: none, File: file})
	for n := range 20 {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var events []event
		if err := json.Unmarshal(data, &events); err != nil {
			t.Fatalf("after %d events: %v in\n%s", n, err, data)
		}
		if len(events) != n {
			t.Fatalf("%d events are in the file, want %d", len(events), n)
		}
		p.Say("%s", strings.Repeat("<text>\n\"", n))
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

// sharp notes whether each write is made of whole lines.
type sharp struct {
	bytes.Buffer
	torn bool
}

func (s *sharp) Write(data []byte) (int, error) {
	s.torn = s.torn || !bytes.HasSuffix(data, []byte("\n"))
	return s.Buffer.Write(data)
}

// However tasks cut what they write, lines come out whole and behind their own task's name, also as events.
func TestLinesAreNeverTorn(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {Grouped: true}, {Events: true}} {
		var out sharp
		o.Out, o.Err, o.Env = &out, &out, none
		p := New(o)
		var tasks sync.WaitGroup
		const lines = 200
		for i := range 8 {
			tasks.Go(func() {
				name := fmt.Sprintf("m%d#build", i)
				log := p.Log(name, 0)
				text := strings.Repeat(strings.Repeat(fmt.Sprint(i), 50)+"\n", lines)
				for at := 0; at < len(text); {
					next := min(len(text), at+7+i*13)
					_, _ = log.Write([]byte(text[at:next]))
					at = next
				}
				p.Tell(name, "done")
				log.Close()
			})
		}
		tasks.Wait()
		if out.torn {
			t.Errorf("%+v: a write was not made of whole lines", o)
		}
		whole := regexp.MustCompile(`^(m(\d)#build: (\d{50}|done)|\{"timestamp":\d+,"source":"m(\d)#build","level":"(info|stdout)","text":"(\d{50}|done)"\})$`)
		found := 0
		for line := range strings.Lines(out.String()) {
			at := whole.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if at == nil {
				t.Fatalf("torn line %q", line)
			}
			if text := at[3] + at[6]; text != "done" && text != strings.Repeat(at[2]+at[4], 50) {
				t.Fatalf("line of another task: %q", line)
			}
			found++
		}
		if found != 8*(lines+1) {
			t.Errorf("%d lines came out of %d", found, 8*(lines+1))
		}
	}
}

func TestLogKeepsTheEndOfWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	p := New(Options{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Env: none})
	log := p.Log("a#dev", Endless)
	for i := range 100_000 {
		_, _ = fmt.Fprintln(log, "line", i)
	}
	kept := log.Close()
	if len(kept) > 2*maxTail || !bytes.HasSuffix(kept, []byte("line 99999\n")) || !bytes.HasPrefix(kept, []byte("line ")) {
		t.Errorf("kept %d bytes, from %q", len(kept), kept[:20])
	}
}
