package dev

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// console writes whole lines, one at a time, whoever they come from.
type console struct {
	stdout, stderr io.Writer
	colour         bool
	width          int

	mu sync.Mutex
}

func newConsole(o *Options) *console {
	c := &console{stdout: o.Stdout, stderr: o.Stderr}
	if file, ok := o.Stderr.(*os.File); ok && lookup(o.Env, "NO_COLOR") == "" {
		c.colour = term.IsTerminal(int(file.Fd()))
	}
	for _, a := range o.Apps {
		c.width = max(c.width, len(a.Name))
	}
	return c
}

// appConsole is an app's share of the console.
type appConsole struct {
	*console
	name, start, end string
}

// of returns the share of the app that was declared at index.
func (c *console) of(name string, index int) appConsole {
	share := appConsole{console: c, name: name}
	if c.colour {
		colours := []int{36, 35, 32, 33, 34} // cyan, magenta, green, yellow, blue: red is for errors
		share.start, share.end = fmt.Sprintf("\x1b[%dm", colours[index%len(colours)]), "\x1b[0m"
	}
	return share
}

func (c appConsole) line(w io.Writer, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(w, "%s%-*s |%s %s\n", c.start, c.width, c.name, c.end, text)
}

// say writes a line of the supervisor's own.
func (c appConsole) say(format string, args ...any) {
	c.line(c.stderr, fmt.Sprintf(format, args...))
}

// result writes a line that a program may read.
func (c appConsole) result(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(c.stdout, "%s: %s\n", c.name, fmt.Sprintf(format, args...))
}

// complain writes a report: the first place to look at comes first.
func (c appConsole) complain(r *report) {
	if !r.printed {
		for line := range strings.Lines(r.Text) {
			c.line(c.stderr, strings.TrimRight(line, "\n"))
		}
	}
	title := r.Title
	if c.colour {
		title = "\x1b[31m" + title + "\x1b[0m"
	}
	c.line(c.stderr, title)
}

// writer returns a stream of an app, whose lines also go to its tail.
func (c appConsole) writer(isErr bool, t *tail) *lineWriter {
	w := c.stdout
	if isErr {
		w = c.stderr
	}
	return &lineWriter{emit: func(line string) {
		t.add(line)
		c.line(w, line)
	}}
}

// maxLine is where a line that does not end is broken: no person reads on.
const maxLine = 64 << 10

// lineWriter cuts a stream into lines.
type lineWriter struct {
	emit    func(line string)
	partial []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		end := bytes.IndexByte(w.partial, '\n')
		if end < 0 {
			break
		}
		w.emit(string(bytes.TrimSuffix(w.partial[:end], []byte("\r"))))
		w.partial = w.partial[end+1:]
	}
	if len(w.partial) > maxLine {
		w.flush()
	}
	return len(p), nil
}

func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.emit(string(w.partial))
		w.partial = nil
	}
}

// tail keeps the last lines of a process. It may be used from many goroutines.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	const most = 40 // a stack trace's beginning, or a screen
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == most {
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, line)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
