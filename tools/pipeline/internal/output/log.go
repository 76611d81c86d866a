package output

import (
	"bytes"
	"sync"
)

// maxLog is how much of a task's output is kept: more than anyone reads, and it is held in memory.
const maxLog = 16 << 20

// A Log takes the output of one running task: it shows whole lines as they come, and keeps all. Safe for concurrent use.
type Log struct {
	printer *Printer
	task    string

	mu      sync.Mutex
	kept    bytes.Buffer
	pending []byte
	cut     bool
}

// Log returns a log for the task.
func (p *Printer) Log(task string) *Log { return &Log{printer: p, task: task} }

// Write takes more output. It never fails.
func (l *Log) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(data)
	l.pending = append(l.pending, data...)
	end := bytes.LastIndexByte(l.pending, '\n') + 1
	if end == 0 && len(l.pending) > maxLine {
		end = len(l.pending)
	}
	if end > 0 {
		l.printer.Replay(l.task, l.pending[:end])
		l.pending = append(l.pending[:0], l.pending[end:]...)
	}
	return len(data), nil
}

func (l *Log) keep(data []byte) {
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

// Close shows what has no line's end yet, and returns all that was written.
func (l *Log) Close() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		l.printer.Replay(l.task, l.pending)
		l.pending = nil
	}
	return bytes.Clone(l.kept.Bytes())
}
