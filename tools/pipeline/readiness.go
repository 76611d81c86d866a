package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/probe"
)

// Readiness says how to tell that a persistent task is up, so that others may depend on it. All that is set has to hold. The
// zero value says nothing, and then no task may depend on it.
type Readiness struct {
	// HTTP is a URL that answers with a status below 400: "http://127.0.0.1:8080/healthz".
	HTTP string
	// TCP is an address that accepts connections: "127.0.0.1:6379".
	TCP string
	// Line is a regular expression, in Go's syntax, that a line of the task's output matches.
	Line string
	// Within is how long it may take; after that the task counts as failed. Zero means one minute.
	Within time.Duration
}

func (r Readiness) isSet() bool { return r.HTTP+r.TCP+r.Line != "" }

// String says what is waited for.
func (r Readiness) String() string {
	var parts []string
	for _, part := range []string{r.HTTP, r.TCP} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if r.Line != "" {
		parts = append(parts, fmt.Sprintf("a line that matches %q", r.Line))
	}
	return strings.Join(parts, " and ")
}

func (r Readiness) within() time.Duration {
	if r.Within > 0 {
		return r.Within
	}
	return time.Minute
}

// check finds what can never be ready.
func (r Readiness) check() error {
	var problems []error
	if u, err := url.Parse(r.HTTP); r.HTTP != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		problems = append(problems, fmt.Errorf("ready HTTP %q: want a URL such as http://127.0.0.1:8080/", r.HTTP))
	}
	if _, port, err := net.SplitHostPort(r.TCP); r.TCP != "" && (err != nil || port == "") {
		problems = append(problems, fmt.Errorf("ready TCP %q: want an address such as 127.0.0.1:6379", r.TCP))
	}
	if _, err := regexp.Compile(r.Line); err != nil {
		problems = append(problems, fmt.Errorf("ready Line: %w", err))
	}
	return errors.Join(problems...)
}

// A question is asked from outside, of something with a name.
type question struct {
	of  string
	ask probe.One
}

func (r Readiness) questions() []question {
	var all []question
	if r.HTTP != "" {
		all = append(all, question{r.HTTP, probe.HTTP(r.HTTP)})
	}
	if r.TCP != "" {
		all = append(all, question{r.TCP, probe.TCP(r.TCP)})
	}
	return all
}

// taken reports that something answers before the task has started: it would be taken for the task.
func (r Readiness) taken(ctx context.Context) error {
	for _, q := range r.questions() {
		if q.ask(ctx) == nil {
			return fmt.Errorf("%s answers already, before the task has started\nhint: end the program that does; it may be left over from elsewhere", q.of)
		}
	}
	return nil
}

// wait returns nil once the task is up. When ctx ends first, the error is what was missing.
func (r Readiness) wait(ctx context.Context, seen <-chan struct{}) error {
	for _, q := range r.questions() {
		if err := probe.Until(ctx, q.ask); err != nil {
			return err
		}
	}
	select {
	case <-seen:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no line of its output matches %q", r.Line)
	}
}

// A matcher closes seen when a line of what is written to it matches. Safe for concurrent use.
type matcher struct {
	line *regexp.Regexp
	seen chan struct{}

	mu      sync.Mutex
	partial []byte
	done    bool
}

// newMatcher returns a matcher for a pattern that is known to be one. Without a pattern everything has been seen.
func newMatcher(pattern string) *matcher {
	m := &matcher{line: regexp.MustCompile(pattern), seen: make(chan struct{})}
	if pattern == "" {
		m.done = true
		close(m.seen)
	}
	return m
}

// maxMatched is how much of a line without an end is looked at.
const maxMatched = 64 << 10

// Write takes more output. It never fails.
func (m *matcher) Write(data []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return len(data), nil
	}
	m.partial = append(m.partial, data...)
	text := string(m.partial)
	for line := range strings.Lines(text) {
		if m.line.MatchString(strings.TrimRight(line, "\r\n")) {
			m.done, m.partial = true, nil
			close(m.seen)
			return len(data), nil
		}
	}
	rest := text[strings.LastIndexByte(text, '\n')+1:]
	m.partial = append(m.partial[:0], rest[max(0, len(rest)-maxMatched):]...)
	return len(data), nil
}
