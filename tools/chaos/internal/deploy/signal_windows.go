package deploy

import (
	"errors"
	"os"
)

// interrupt kills: Windows cannot ask a process without a console.
func interrupt(p *os.Process) error { return p.Kill() }

func suspend(*os.Process) error { return errors.New("windows has no signal that suspends a process") }
func resume(*os.Process) error  { return nil }
