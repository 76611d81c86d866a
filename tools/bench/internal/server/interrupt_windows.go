package server

import "os"

// interrupt kills: Windows cannot ask a process without a console.
func interrupt(p *os.Process) error { return p.Kill() }
