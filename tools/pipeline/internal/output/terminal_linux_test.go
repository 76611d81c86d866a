package output

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal returns a terminal of so many columns, and a function that ends it and returns what was written to it.
func openTerminal(t *testing.T, columns uint16) (terminal *os.File, end func() string) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this system gives no terminal: %v", err)
	}
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&text, screen) }) // it ends with an error once nobody has the terminal
	return terminal, func() string {
		_ = terminal.Close()
		reading.Wait()
		_ = screen.Close()
		return text.String()
	}
}

// What people see on a terminal: colours unless NO_COLOR, a line that shows what runs but in CI, lists that fit.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env           map[string]string
		columns       uint16
		colours, live bool
		list          string
	}{
		"80 columns":  {nil, 80, true, true, "run: first#build 1.0s, second#build 0.5s, third#build 0.4s and 1 more"},
		"200 columns": {nil, 200, true, true, "run: first#build 1.0s, second#build 0.5s, third#build 0.4s, the-fourth#build 0.1s"},
		"NO_COLOR":    {map[string]string{"NO_COLOR": "1"}, 80, false, true, "run: first#build"},
		"CI":          {map[string]string{"CI": "true"}, 80, true, false, "run: first#build"},
		"dumb":        {map[string]string{"TERM": "dumb"}, 80, false, false, "run: first#build"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terminal, end := openTerminal(t, test.columns)
			p := New(Options{Out: terminal, Err: terminal, Env: func(name string) string { return test.env[name] }})
			ctx, cancel := context.WithCancel(t.Context())
			var showing sync.WaitGroup
			asked := make(chan bool, 100)
			showing.Go(func() {
				p.Progress(ctx, func() ([]string, int, int) {
					asked <- true
					return []string{"first#build 1.0s", strings.Repeat("x", 300)}, 1, 4
				})
			})
			if test.live {
				select {
				case <-asked:
				case <-time.After(20 * time.Second):
					t.Error("nothing is shown of what runs")
				}
			}
			p.Replay("first#build", []byte("\x1b[31mred\x1b[0m\n"))
			cancel()
			showing.Wait()
			p.List("run:", []string{"first#build 1.0s", "second#build 0.5s", "third#build 0.4s", "the-fourth#build 0.1s"})
			text := end()
			if got := strings.Contains(text, "\x1b[31mred"); got != test.colours {
				t.Errorf("colours: %v, want %v in %q", got, test.colours, text)
			}
			if got := strings.Contains(text, "[1/4] "); got != test.live {
				t.Errorf("a line shows what runs: %v, want %v in %q", got, test.live, text)
			}
			if !strings.Contains(text, test.list) || !strings.Contains(text, "first#build:") {
				t.Errorf("want %q in %q", test.list, text)
			}
			for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
				if shown := plain([]byte(line)); len(shown) > int(test.columns) {
					t.Errorf("a line has %d columns of %d: %q", len(shown), test.columns, line)
				}
			}
		})
	}
}

// While a task has the terminal, nothing else is written; then all of it is.
func TestLentTerminal(t *testing.T) {
	t.Parallel()
	terminal, end := openTerminal(t, 80)
	p := New(Options{Out: terminal, Err: terminal, Env: none})
	lent, giveBack := p.Lend()
	if lent == nil {
		t.Fatal("the terminal is not lent")
	}
	p.Say("held")
	_, _ = io.WriteString(lent, "name? ")
	giveBack()
	p.Say("after")
	if text, want := end(), "name? held\r\nafter\r\n"; text != want {
		t.Errorf("the terminal shows %q, want %q", text, want)
	}
	if lent, _ := New(Options{Out: io.Discard, Err: io.Discard, Env: none}).Lend(); lent != nil {
		t.Error("what is no terminal is lent")
	}
}
