package output

import (
	"bytes"
	"sync"
)

// maxLog is how much of a task's output is kept: more than anyone reads, and it is held in memory.
const maxLog = 16 << 20

// Shown says when a log is shown.
type Shown int

// Hidden is a log that is only kept. Endless is that of a task that does not end: always shown line by line, and only its
// end is kept. Others are shown line by line or, where the printer groups, in one piece at their end.
const (
	Hidden Shown = 1 << iota
	Endless
)

// maxTail is how much is kept of the output of a task that does not end: the last lines, for when it fails.
const maxTail = 64 << 10

// A Log takes the output of one running task: it shows whole lines, and keeps what was written. Safe for concurrent use.
type Log struct {
	printer *Printer
	task    string
	shown   Shown

	mu      sync.Mutex
	kept    bytes.Buffer
	pending []byte
	cut     bool
}

// Log returns a log for the task.
func (p *Printer) Log(task string, shown Shown) *Log {
	return &Log{printer: p, task: task, shown: shown}
}

// Write takes more output. It never fails.
func (l *Log) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(data)
	if l.shown&Hidden != 0 || l.grouped() {
		return len(data), nil
	}
	l.pending = append(l.pending, data...)
	end := bytes.LastIndexByte(l.pending, '\n') + 1
	if end == 0 && len(l.pending) > maxLine {
		end = len(l.pending)
	}
	if end > 0 {
		l.printer.lines(l.printer.out, l.task, l.pending[:end], false)
		l.pending = append(l.pending[:0], l.pending[end:]...)
	}
	return len(data), nil
}

func (l *Log) grouped() bool { return l.shown == 0 && l.printer.options.Grouped }

func (l *Log) keep(data []byte) {
	if l.shown&Endless != 0 {
		l.kept.Write(data)
		if l.kept.Len() > 2*maxTail {
			l.kept.Next(l.kept.Len() - maxTail)
			l.cut = true
		}
		return
	}
	if room := maxLog - l.kept.Len(); len(data) > room {
		if !l.cut {
			l.kept.Write(data[:room])
			l.kept.WriteString("\n[the rest was too long to keep]\n")
		}
		l.cut = true
		return
	}
	if !l.cut {
		l.kept.Write(data)
	}
}

// Close shows what has not been shown, and returns what was kept.
func (l *Log) Close() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		l.printer.lines(l.printer.out, l.task, l.pending, false)
		l.pending = nil
	}
	if l.grouped() {
		l.printer.Replay(l.task, l.kept.Bytes())
	}
	kept := bytes.Clone(l.kept.Bytes())
	if l.shown&Endless != 0 && l.cut { // from a line's beginning on
		kept = kept[bytes.IndexByte(kept, '\n')+1:]
	}
	return kept
}
