package main

import (
	"bytes"
	"io"
	"sync"
)

// maxLine is the longest line that is held until its end comes.
const maxLine = 64 << 10

// lines writes whole lines to one writer, each with a prefix, so that several programs can share it.
type lines struct {
	mu     *sync.Mutex // of the writer that they share
	to     io.Writer
	prefix string
	rest   []byte
}

// Write implements [io.Writer].
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n') + 1
		if end == 0 && len(l.rest) > maxLine {
			end = len(l.rest)
		}
		if end == 0 {
			return len(p), nil
		}
		if _, err := l.to.Write(append([]byte(l.prefix), l.rest[:end]...)); err != nil {
			return 0, err
		}
		l.rest = l.rest[end:]
	}
}
