package output

import "os"

// Lend gives the terminal to a task that talks with a person, until the returned function is called: meanwhile everything else is held
// back, and then shown. Without a terminal, or where events are written, it returns nil.
func (p *Printer) Lend() (terminal *os.File, giveBack func()) {
	if p.out.terminal == nil || p.options.Events {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.progress = ""
	p.lent = true
	return p.out.terminal, p.takeBack
}

func (p *Printer) takeBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent = false
	for _, held := range p.held {
		_, _ = held.to.w.Write(held.data)
	}
	p.held = nil
}

// A piece is what was to be written to a stream while the terminal was lent.
type piece struct {
	to   *stream
	data []byte
}
