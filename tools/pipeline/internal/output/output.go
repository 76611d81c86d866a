// Package output writes what a run shows: results to one stream, talk to the other, whole lines only.
//
//   - What tasks print is a result: "module#task: line".
//   - Commands as they start, warnings, failures again in full at the end, and the closing line are talk.
//   - Colour and the progress line appear only on a terminal; colour never where NO_COLOR is set.
package output

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// maxLine is how many bytes of a line without an end are held back. A longer one is shown in pieces.
const maxLine = 64 << 10

// A Printer is the two streams of a run. Safe for concurrent use.
type Printer struct {
	mu       sync.Mutex
	out, err io.Writer
	colour   bool
	width    int    // of the terminal that shows the progress line, 0 where there is none
	progress string // what it shows now
}

// New returns a printer over the two streams. env is asked for NO_COLOR and TERM.
func New(out, err io.Writer, env func(string) string) *Printer {
	p := &Printer{out: out, err: err}
	width, tty := terminal(err)
	dumb := env("TERM") == "dumb"
	if tty && !dumb {
		p.width = width
	}
	_, outTTY := terminal(out)
	p.colour = tty && outTTY && !dumb && env("NO_COLOR") == ""
	return p
}

func terminal(w io.Writer) (width int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}

// Say writes lines of talk.
func (p *Printer) Say(format string, args ...any) {
	p.write(p.err, fmt.Sprintf(format, args...)+"\n")
}

// Warn writes a warning.
func (p *Printer) Warn(format string, args ...any) {
	p.Say("%s %s", p.paint("33", "warning:"), fmt.Sprintf(format, args...))
}

// Fail writes a heading for what failed.
func (p *Printer) Fail(format string, args ...any) {
	p.Say("%s", p.paint("31;1", fmt.Sprintf(format, args...)))
}

// Result writes text to the stream of results as it is.
func (p *Printer) Result(text string) { p.write(p.out, text) }

// Start says that a task starts, and with what.
func (p *Printer) Start(task, what string) {
	p.Say("%s%s", p.label(task), p.paint("2", "$ "+what))
}

// Replay writes the log of a task to the stream of results, each line with the task's name.
func (p *Printer) Replay(task string, log []byte) { p.lines(p.out, task, log) }

// Repeat writes the log of a task once more, as talk.
func (p *Printer) Repeat(task string, log []byte) { p.lines(p.err, task, log) }

func (p *Printer) lines(w io.Writer, task string, log []byte) {
	if len(log) == 0 {
		return
	}
	var b strings.Builder
	label := p.label(task)
	for line := range bytes.SplitSeq(bytes.TrimSuffix(log, []byte("\n")), []byte("\n")) {
		b.WriteString(label)
		b.Write(p.clean(line))
		b.WriteByte('\n')
	}
	p.write(w, b.String())
}

// write writes text, which ends with a line's end, in one piece: the progress line goes before and comes back behind it.
func (p *Printer) write(w io.Writer, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	// Nobody is left to tell when a stream of our own is gone.
	_, _ = io.WriteString(w, text)
	p.draw()
}

// colours tell tasks apart; red is for failures, yellow for warnings.
var colours = [...]string{"36", "35", "34", "32", "96", "95", "94", "92"}

func (p *Printer) label(task string) string {
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, task)
	return p.paint(colours[sum.Sum32()%uint32(len(colours))], task+":") + " "
}

func (p *Printer) paint(code, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// clean drops what a line overwrote with carriage returns and, without colour, escape sequences.
func (p *Printer) clean(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\r"))
	line = line[bytes.LastIndexByte(line, '\r')+1:]
	if p.colour {
		return line
	}
	return plain(line)
}

// plain returns the line without terminal escape sequences.
func plain(line []byte) []byte {
	for {
		from := bytes.Index(line, []byte("\x1b["))
		if from < 0 {
			return line
		}
		length := bytes.IndexFunc(line[from+2:], func(r rune) bool { return r >= '@' && r <= '~' })
		if length < 0 {
			return line[:from]
		}
		line = slices.Concat(line[:from], line[from+2+length+1:])
	}
}

// Duration writes a time as people read it.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
