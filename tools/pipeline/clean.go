package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Clean removes what tasks made and git does not track, and the cache. The compiled magefiles that the launcher keeps beside
// the cache stay: one of them is running.
func (p *Pipeline) Clean(ctx context.Context, o Options) error {
	if err := o.fill(); err != nil {
		return err
	}
	s := newSession(ctx, p, o, p.graph, newPrinter(o, nil))
	var problems []error
	for _, id := range p.ids() {
		n := p.nodes[id]
		if n.Committed {
			continue
		}
		if _, err := s.clear(n); err != nil {
			problems = append(problems, err)
		}
	}
	if err := p.removeState(); err != nil {
		problems = append(problems, fmt.Errorf("remove the cache: %w", err))
	}
	return errors.Join(problems...)
}

func (p *Pipeline) removeState() error {
	entries, err := os.ReadDir(p.state)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	problems := []error{err}
	for _, e := range entries {
		if e.Name() != "magefile" {
			problems = append(problems, os.RemoveAll(filepath.Join(p.state, e.Name())))
		}
	}
	_ = os.Remove(p.state) // where nothing is left in it
	return errors.Join(problems...)
}
