package pipeline

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/process"
)

// A compiler has the go command compile at once what the commands of several tasks are about to compile. Go commands that
// run at the same time compile what they have in common once each, as the build cache has it only when it is done. All that
// comes of it lies in the go command's own cache. The tasks run all the same, and say what is wrong with the code where
// something is. Safe for concurrent use.
type compiler struct {
	session *session

	mu    sync.Mutex
	kinds map[string]*compilation
}

// A compilation is what is compiled with the same flags in the same environment.
type compilation struct {
	mu sync.Mutex
	// ahead is what was compiled and whose task has not run yet: its share of the time.
	ahead map[string]time.Duration
}

func newCompiler(s *session) *compiler {
	return &compiler{session: s, kinds: make(map[string]*compilation)}
}

// prepare compiles what a task that is about to run needs together with what others do, where some of them wait for no other
// task any more and will run, too. It returns the task's share of the time that this took.
func (c *compiler) prepare(ctx context.Context, n *node) time.Duration {
	kind, ok := c.kind(n)
	if !ok || c.session.options.Concurrency < 2 {
		return 0
	}
	c.mu.Lock()
	if c.kinds[kind] == nil {
		c.kinds[kind] = &compilation{ahead: make(map[string]time.Duration)}
	}
	one := c.kinds[kind]
	c.mu.Unlock()

	one.mu.Lock()
	defer one.mu.Unlock()
	if share, ok := one.ahead[n.id]; ok {
		delete(one.ahead, n.id)
		return share
	}
	nodes := c.others(n, kind)
	if len(nodes) == 0 {
		return 0
	}
	nodes = append(nodes, n)
	started := time.Now()
	c.compile(ctx, nodes)
	share := time.Since(started) / time.Duration(len(nodes))
	for _, m := range nodes {
		one.ahead[m.id] = share
	}
	delete(one.ahead, n.id)
	return share
}

// kind is the same for tasks whose packages can be compiled by one command.
func (c *compiler) kind(n *node) (string, bool) {
	flags, _, ok := n.compiles()
	if !ok || n.module.Path == "" {
		return "", false
	}
	env := c.session.environment(n)
	settings, err := c.session.pipeline.read().goSettings(env)
	if err != nil || settings.IsAlone() {
		return "", false
	}
	return strings.Join(flags, "\x00") + "\x00\x00" + n.environmentID(), true
}

// others returns which tasks are compiled together with n: those that wait for nothing and are not in the cache and, where
// there are any, those that wait for these alone.
func (c *compiler) others(n *node, kind string) []*node {
	s := c.session
	var found []*node
	in := map[string]bool{n.id: true}
	free := 0
	for _, id := range s.graph.Nodes() {
		m := s.node(id)
		if own, ok := c.kind(m); id == n.id || !ok || own != kind {
			continue
		}
		waits, possible := s.waitsFor(id, in)
		if !possible || !waits && !s.misses(m) {
			continue
		}
		in[id] = true
		found = append(found, m)
		if !waits {
			free++
		}
	}
	if free == 0 {
		return nil
	}
	return found
}

// waitsFor reports whether a task that has not ended waits for some of the tasks that are named. It is impossible where it waits for
// others, or has ended.
func (s *session) waitsFor(id string, named map[string]bool) (waits, possible bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, settled := s.results[id]; settled || s.ended[id].err != nil {
		return false, false
	}
	for _, dep := range s.graph.Deps(id) {
		if _, settled := s.results[dep]; settled {
			continue
		}
		if !named[dep] {
			return false, false
		}
		waits = true
	}
	return waits, true
}

// misses reports whether a task that waits for nothing has to run.
func (s *session) misses(n *node) bool {
	key, err := s.key(n)
	if err != nil {
		return false
	}
	_, err = s.look(n, key)
	return err != nil || s.options.Force
}

// compile lists packages in the way that has the go command compile them, without linking programs or writing anything. What
// goes wrong goes wrong again when the tasks run.
func (c *compiler) compile(ctx context.Context, nodes []*node) {
	flags, _, _ := nodes[0].compiles()
	args := append([]string{"go", "list", "-e", "-export"}, flags...)
	for _, n := range nodes {
		_, patterns, _ := n.compiles()
		for _, p := range patterns {
			args = append(args, "./"+path.Join(n.module.Name, p))
		}
	}
	_ = process.Run(ctx, process.Command{
		Args: args, Dir: c.session.pipeline.workspace.Root, Env: c.session.environment(nodes[0]), Output: io.Discard, Guard: c.session.guard,
	})
}

// compiling are the flags of the go command that decide how packages are compiled, and those that do not matter for that. With others, such
// as names of files, nothing is compiled ahead.
var compiling = []string{"race", "msan", "asan", "trimpath", "tags", "gcflags", "asmflags", "mod", "buildmode"}

// compiles returns the flags and the package patterns, relative to the module, of what the first command of a task compiles.
func (n *node) compiles() (flags, patterns []string, ok bool) {
	if len(n.Commands) == 0 || len(n.Commands[0]) < 3 || n.Commands[0][0] != "go" || !slices.Contains([]string{"build", "vet"}, n.Commands[0][1]) {
		return nil, nil, false
	}
	words := n.Commands[0][2:]
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		name, _, whole := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
		taken := 1
		if !whole && slices.Contains([]string{"o", "tags", "gcflags", "asmflags", "ldflags", "mod", "buildmode", "p"}, name) {
			taken = 2
		}
		if taken > len(words) {
			return nil, nil, false
		}
		switch {
		case slices.Contains(compiling, name):
			flags = append(flags, words[:taken]...)
		case !slices.Contains([]string{"o", "ldflags", "buildvcs", "p", "v"}, name):
			return nil, nil, false
		}
		words = words[taken:]
	}
	for _, p := range words {
		if p != "." && !strings.HasPrefix(p, "./") {
			return nil, nil, false
		}
	}
	return flags, words, len(words) > 0
}
