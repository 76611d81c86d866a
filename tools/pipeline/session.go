package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/output"
	"magpie.build/tools/pipeline/internal/process"
)

// A session is one run under way. Its methods may be called from all workers.
type session struct {
	pipeline *Pipeline
	options  Options
	graph    *graph.Graph[string]
	asked    []string
	watch    *watching // nil in a single run
	// sayChanged says once on account of what the tasks run.
	sayChanged func()
	passed     map[string]*node // tasks that get arguments, in place of the pipeline's
	printer    *output.Printer
	cache      *cache.Cache // nil where there is none
	keeper     *keeper
	compiler   *compiler
	records    *records
	turn       *turn
	tracked    func() ([]string, error)
	services   *services
	past       *durations
	guard      *process.Guard

	mu      sync.Mutex
	keys    map[string]hash.Key
	results map[string]result
	ended   map[string]ending
	running map[string]time.Time
	waiting map[string]string // of what runs: the persistent task that it waits for
	envs    map[string][]string
}

// An ending is how a task ended.
type ending struct {
	hit  bool
	err  error
	log  []byte
	took time.Duration // by running, now or when it was stored

	same     bool            // in watch: nothing has changed since it was worked on last
	from, to time.Time       // when it was worked on in this run
	artifact *cache.Artifact // of a hit
}

func newSession(ctx context.Context, p *Pipeline, o Options, chosen *graph.Graph[string], printer *output.Printer) *session {
	s := &session{
		pipeline: p, options: o, graph: chosen,
		printer: printer, records: p.newRecords(), sayChanged: func() {}, past: openDurations(p.state),
		keys: make(map[string]hash.Key), results: make(map[string]result), envs: make(map[string][]string),
		ended: make(map[string]ending), running: make(map[string]time.Time), waiting: make(map[string]string),
	}
	s.guard = &process.Guard{}
	s.turn = newTurn(s)
	s.compiler = newCompiler(s)
	s.tracked = sync.OnceValues(func() ([]string, error) {
		files, err := git.Tracked(ctx, p.workspace.Root)
		if errors.Is(err, git.ErrNone) {
			return nil, nil
		}
		return files, err
	})
	return s
}

func variable(env []string) func(string) string {
	return func(name string) string {
		for _, v := range slices.Backward(env) {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// node returns a task as this run has it.
func (s *session) node(id string) *node {
	if n := s.passed[id]; n != nil {
		return n
	}
	return s.pipeline.nodes[id]
}

// do brings one task about, from the cache or by running it, and reports whether it succeeded.
func (s *session) do(ctx context.Context, id string) bool {
	n := s.node(id)
	from := time.Now()
	s.mu.Lock()
	s.running[id] = from
	s.mu.Unlock()
	e := s.perform(ctx, n)
	e.from, e.to = from, time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
	s.ended[id] = e
	return e.err == nil
}

func (s *session) perform(ctx context.Context, n *node) ending {
	key, err := s.key(n)
	if err != nil {
		return ending{err: err}
	}
	s.mu.Lock()
	s.keys[n.id] = key
	s.mu.Unlock()
	if n.isGroup() {
		s.settle(n, key, nil)
		return ending{}
	}
	if e, ok := s.unchanged(n, key); ok {
		return e
	}
	if n.Persistent {
		s.settle(n, key, nil)
		if s.services.wanted(n.id) {
			s.serve(n)
		}
		return ending{}
	}
	if n.tests && s.cacheable(n) {
		return s.test(ctx, n, key)
	}
	if e, ok := s.reuse(ctx, n, key); ok {
		return e
	}
	return s.execute(ctx, n, key)
}

func (n *node) isGroup() bool { return len(n.Commands) == 0 && n.Func == nil }

// progress is what the progress line shows.
func (s *session) progress() (running []string, ended, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.running {
		running = append(running, id)
	}
	slices.SortFunc(running, func(a, b string) int { return s.running[a].Compare(s.running[b]) })
	for i, id := range running {
		running[i] = id + " " + output.Duration(time.Since(s.running[id]))
		if s.waiting[id] != "" {
			running[i] = id + " waits for " + s.waiting[id]
		}
	}
	if len(running) == 0 {
		running = s.services.running()
		for i, id := range running {
			running[i] = id + " is up"
		}
	}
	return running, len(s.ended), len(s.graph.Nodes())
}

// waits notes for the progress line what a task waits for; nothing when the wait is over.
func (s *session) waits(id, service string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[id] = service
}

// reuse answers a task from the cache. It reports false where the task has to run.
func (s *session) reuse(ctx context.Context, n *node, key hash.Key) (ending, bool) {
	artifact := s.lookUp(n, key)
	if artifact == nil || s.options.Force {
		return ending{}, false
	}
	if s.audited() {
		return s.audit(ctx, n, key, artifact), true
	}
	changed, err := s.restore(ctx, n, artifact)
	if errors.Is(err, errWaited) {
		return s.perform(ctx, n), true
	}
	if errors.Is(err, cache.ErrBroken) {
		s.printer.Warn("%s runs again: %v", n.id, err)
		return ending{}, false
	}
	if err == nil && s.options.Frozen && n.Committed {
		err = stale(changed)
	}
	s.settle(n, key, artifact.Outputs)
	if artifact.Opened { // another key than the last time
		s.note(n, key)
	}
	s.replay(n, key, artifact.Log)
	return ending{hit: true, err: err, log: artifact.Log, took: artifact.Duration, artifact: artifact}, true
}

// cacheable reports whether a task may be answered from the cache, and what it makes be kept there: not if something
// that it depends on has failed, so that nobody knows what it works with.
func (s *session) cacheable(n *node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cache != nil && !n.Uncached && !slices.ContainsFunc(s.graph.Deps(n.id), func(dep string) bool {
		_, ok := s.results[dep]
		return !ok
	})
}

// lookUp returns what the cache holds for a task, nil where that is nothing of use, and says so where it is broken.
func (s *session) lookUp(n *node, key hash.Key) *cache.Artifact {
	artifact, err := s.look(n, key)
	if errors.Is(err, cache.ErrBroken) {
		s.printer.Warn("%s runs again: %v (%s)", n.id, err, key.Short())
	}
	return artifact
}

// look asks the cache for what it has for a task, unless it is not to be asked.
func (s *session) look(n *node, key hash.Key) (*cache.Artifact, error) {
	if !s.cacheable(n) || !s.options.access.read {
		return nil, cache.ErrMiss
	}
	return s.cache.Look(n.id, key)
}
