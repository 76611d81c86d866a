package main

import (
	"fmt"
	"io"
	"os"
)

// progress says on a terminal what is being done, on a line that the last word replaces. Where
// nobody watches, only the last word is written.
type progress struct {
	out      io.Writer
	terminal bool
}

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	if !ok {
		return &progress{out: out}
	}
	info, err := f.Stat()
	return &progress{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

const clearLine = "\r\x1b[K"

func (p *progress) step(what string) {
	if p.terminal {
		p.write(clearLine + what + " …")
	}
}

func (p *progress) done(format string, args ...any) {
	if p.terminal {
		p.write(clearLine)
	}
	p.write(fmt.Sprintf(format, args...) + "\n")
}

// write writes to a place where nobody can be told that writing failed.
func (p *progress) write(text string) { _, _ = io.WriteString(p.out, text) }
