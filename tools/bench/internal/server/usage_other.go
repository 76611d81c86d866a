//go:build !linux

package server

import (
	"errors"
	"runtime"
)

func usage(int) (Usage, error) {
	return Usage{}, errors.New("a process's usage is read on Linux only, not on " + runtime.GOOS)
}

// Pin does nothing: cores are chosen on Linux only.
func Pin() (prefix []string, pinned bool) { return nil, false }
