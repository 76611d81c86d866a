package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// errWaited says that a task has to be looked at again, because another run had its turn meanwhile.
var errWaited = errors.New("another run had its turn")

// A turn is the right to write into the workspace: one run at a time has it, from the first task that it runs or restores
// to the last, for a task of one run must not read what another run is just making. What is in place needs no turn, and
// neither do persistent tasks. Safe for concurrent use.
type turn struct {
	session *session
	file    *flock.Flock

	mu   sync.Mutex
	mine bool
}

// turnVariable tells a run that a task starts in the same workspace that the turn is taken on its behalf. Its value is the root.
const turnVariable = "MAGPIE_TURN"

// turnPoll is how often a run that waits for its turn asks.
const turnPoll = 20 * time.Millisecond

func newTurn(s *session) *turn {
	return &turn{session: s, file: flock.New(filepath.Join(s.pipeline.state, "turn"))}
}

// take waits for the turn, and reports whether it had to: another run may have changed anything by then. Without a
// place for the file, where nothing is cached either, everybody has a turn.
func (t *turn) take(ctx context.Context) (waited bool, err error) {
	s := t.session
	if s.cache == nil || variable(s.options.Env)(turnVariable) == s.pipeline.workspace.Root {
		return false, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mine {
		return false, nil
	}
	t.mine, err = t.file.TryLock()
	if err == nil && t.mine {
		return false, nil
	}
	if err == nil {
		s.printer.Say("waits for another run in this workspace")
		t.mine, err = t.file.TryLockContext(ctx, turnPoll)
	}
	switch {
	case ctx.Err() != nil:
		return true, context.Cause(ctx)
	case err != nil:
		return true, fmt.Errorf("wait for another run in this workspace: %w", err)
	}
	s.pipeline.forget()
	return true, nil
}

// end gives the turn to another run.
func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.mine {
		return
	}
	t.mine = false
	if err := t.file.Unlock(); err != nil {
		t.session.printer.Warn("other runs may wait for this one until it has ended: %v", err)
	}
}
