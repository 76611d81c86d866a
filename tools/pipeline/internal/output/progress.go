package output

import (
	"context"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// Progress shows, until ctx ends, a line with what runs, beginning after a second. Where there is no such line it only
// waits. state returns what runs, the longest first, how many tasks have ended, and how many there are.
func (p *Printer) Progress(ctx context.Context, state func() (running []string, ended, all int)) {
	if !p.live {
		<-ctx.Done()
		return
	}
	started := time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	defer p.show("")
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if age := time.Since(started); age > time.Second {
			running, ended, all := state()
			p.show(fit(fmt.Sprintf("[%d/%d] %s", ended, all, Duration(age)), running, p.err.width()-1))
		}
	}
}

func (p *Printer) show(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent {
		return
	}
	for width := p.err.width(); utf8.RuneCountInString(line) >= width && line != ""; {
		_, size := utf8.DecodeLastRuneInString(line)
		line = line[:len(line)-size]
	}
	p.erase()
	p.progress = line
	p.draw()
}

func (p *Printer) erase() {
	if p.progress != "" {
		_, _ = io.WriteString(p.err.w, "\r\x1b[K")
	}
}

func (p *Printer) draw() {
	if p.progress != "" {
		_, _ = io.WriteString(p.err.w, p.progress)
	}
}
