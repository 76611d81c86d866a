//go:build !linux

package server

func usage(int) (Usage, error) {
	return Usage{}, ErrNoUsage
}

// Pin does nothing: cores are chosen on Linux only.
func Pin() (servers, load []string, pinned bool) { return nil, nil, false }
