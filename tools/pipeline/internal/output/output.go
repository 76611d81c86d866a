// Package output writes what a run shows: results to one stream, talk to the other, whole lines only.
//
//   - What tasks print is a result: "module#task: line".
//   - Commands as they start, warnings, failures again in full at the end, and the closing lines are talk.
//   - Colour appears only on a terminal, and never where NO_COLOR is set; the progress line neither without a terminal nor in CI.
//   - As events, everything goes to the stream of results, one JSON object a line.
package output

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"time"
)

// maxLine is how many bytes of a line without an end are held back. A longer one is shown in pieces.
const maxLine = 64 << 10

// Options say how a run shows itself.
type Options struct {
	// Out takes results, Err talk.
	Out, Err io.Writer
	// Env is asked for NO_COLOR, TERM, CI and GITHUB_ACTIONS.
	Env func(string) string
	// Grouped shows what a task printed when it has ended, in one piece.
	Grouped bool
	// Bare leaves out the task's name before each line of its output, Tagged never does; else it is left out under headings.
	Bare, Tagged bool
	// Events writes events instead of text.
	Events bool
	// File takes the events too, nil where nothing does.
	File *File
}

// A Printer is the two streams of a run. Safe for concurrent use.
type Printer struct {
	options  Options
	out, err *stream
	github   bool // headings and failures in the words of GitHub Actions

	mu       sync.Mutex
	live     bool   // whether there is a progress line
	progress string // what it shows now
	lent     bool   // a task has the terminal for itself
	held     []piece
}

// New returns a printer.
func New(o Options) *Printer {
	p := &Printer{options: o, out: newStream(o.Out, o), err: newStream(o.Err, o)}
	p.github = o.Env("GITHUB_ACTIONS") == "true" && !o.Events
	p.live = p.err.clever && !o.Events && !CI(o.Env)
	return p
}

// CI reports whether the run takes place where nobody watches.
func CI(env func(string) string) bool {
	switch env("CI") {
	case "", "0", "false":
		return false
	}
	return true
}

// Say writes lines of talk.
func (p *Printer) Say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.put(p.err, text, event{Level: info, Text: text})
}

// Tell writes a line of talk about a task.
func (p *Printer) Tell(task, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.put(p.err, p.err.label(task)+p.err.paint(dim, text), event{Source: task, Level: info, Text: text})
}

// Warn writes a warning.
func (p *Printer) Warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.put(p.err, p.err.paint(yellow, "warning:")+" "+text, event{Level: warn, Text: text})
}

// Fail writes a heading for what failed.
func (p *Printer) Fail(task, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	shown := "\n" + p.err.paint(red, task+" failed: "+text)
	if p.github {
		shown = "::error title=" + task + "::" + escapeCommand(text)
	}
	p.put(p.err, shown, event{Source: task, Level: failure, Text: text})
}

// escapeCommand makes a text of several lines one of the commands of GitHub Actions.
func escapeCommand(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// List writes names in one line that fits on the terminal: as many as there is room for, at least one, and how many more there are.
func (p *Printer) List(head string, names []string) {
	all := head + " " + strings.Join(names, ", ")
	p.put(p.err, p.err.paint(dim, fit(head, names, p.err.width())), event{Level: info, Text: all})
}

func fit(head string, names []string, width int) string {
	if len(names) == 0 {
		return head
	}
	if all := head + " " + strings.Join(names, ", "); len(all) <= width {
		return all
	}
	line := head + " " + names[0]
	for i, name := range names[1:] {
		more := fmt.Sprintf(" and %d more", len(names)-1-i)
		next := ", " + name
		if len(line)+len(next)+len(more) > width {
			return line + more
		}
		line += next
	}
	return line
}

// Result writes texts to the stream of results as they are, each from a new line on, all at once.
func (p *Printer) Result(texts ...string) {
	if len(texts) == 0 {
		return
	}
	events := make([]event, len(texts))
	for i, text := range texts {
		texts[i] = strings.TrimSuffix(text, "\n")
		events[i] = event{Level: info, Text: texts[i]}
	}
	p.put(p.out, strings.Join(texts, "\n"), events...)
}

// Replay writes the log of a task to the stream of results.
func (p *Printer) Replay(task string, log []byte) { p.lines(p.out, task, log, p.options.Grouped) }

// Repeat writes the log of a task once more, as talk.
func (p *Printer) Repeat(task string, log []byte) { p.lines(p.err, task, log, false) }

// lines writes what a task printed, each line behind the task's name, under a heading where there are groups.
func (p *Printer) lines(s *stream, task string, log []byte, grouped bool) {
	if len(log) == 0 {
		return
	}
	heading := grouped && p.github
	label := s.label(task)
	if p.options.Bare || heading && !p.options.Tagged {
		label = ""
	}
	var shown []string
	var events []event
	if heading {
		shown = append(shown, "::group::"+task)
	}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(log, []byte("\n")), []byte("\n")) {
		line = overwritten(line)
		shown = append(shown, label+string(s.clean(line)))
		if p.needsEvents() {
			events = append(events, event{Source: task, Level: stdout, Text: string(plain(line))})
		}
	}
	if heading {
		shown = append(shown, "::endgroup::")
	}
	p.put(s, strings.Join(shown, "\n"), events...)
}

func (p *Printer) needsEvents() bool { return p.options.Events || p.options.File != nil }

// put writes text, and a line's end, in one piece, or the events that say the same: the progress line goes before and comes
// back behind it.
func (p *Printer) put(s *stream, text string, events ...event) {
	var data []byte
	if p.needsEvents() {
		now := time.Now().UnixMilli()
		for i := range events {
			events[i].complete(now)
		}
	}
	if p.options.Events {
		s, data = p.out, encode(events)
	} else {
		data = append([]byte(text), '\n')
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent {
		p.held = append(p.held, piece{s, data})
	} else {
		p.erase()
		// Nobody is left to tell when a stream of our own is gone.
		_, _ = s.w.Write(data)
		p.draw()
	}
	if p.options.File != nil {
		p.options.File.add(events)
	}
}

// colours tell tasks apart; red is for failures, yellow for warnings.
var colours = [...]string{"36", "35", "34", "32", "96", "95", "94", "92"}

// The other colours.
const (
	red    = "31;1"
	yellow = "33"
	dim    = "2"
)

func (s *stream) label(task string) string {
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, task)
	return s.paint(colours[sum.Sum32()%uint32(len(colours))], task+":") + " "
}

// Count writes how many there are of something: "1 task", "2 tasks".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Duration writes a time as people read it.
func Duration(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
