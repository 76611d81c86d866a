package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Clean removes what tasks made and git does not track, and the cache.
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
	if err := os.RemoveAll(p.state); err != nil {
		problems = append(problems, fmt.Errorf("remove the cache: %w", err))
	}
	return errors.Join(problems...)
}
