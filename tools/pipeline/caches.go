package pipeline

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/suggest"
)

// How long artifacts are kept unused, and how much room they may take, where the options leave that open.
const (
	cacheAge  = 30 * 24 * time.Hour
	cacheSize = 10 << 30
)

// access is what a run may do with a cache.
type access struct{ read, write bool }

// checkCache reads [Options.Cache].
func (o *Options) checkCache() error {
	o.access = access{true, true}
	if o.Cache == "" {
		return nil
	}
	o.access = access{}
	for source := range strings.SplitSeq(o.Cache, ",") {
		name, rights, ok := strings.Cut(source, ":")
		if name != "local" {
			return fmt.Errorf("cache %q: there is no cache %q%s", o.Cache, name, suggest.Hint(name, []string{"local"}))
		}
		if !ok || strings.Trim(rights, "rw") != "" {
			return fmt.Errorf("cache %q: want local:rw, local:r, local:w or local: for none", o.Cache)
		}
		o.access = access{strings.Contains(rights, "r"), strings.Contains(rights, "w")}
	}
	return nil
}

// openCaches opens the cache of the workspace. Worktrees of a repository share the artifacts of its main one.
func (p *Pipeline) openCaches() (*cache.Cache, error) {
	root := p.workspace.Root
	if main, ok := git.MainWorktree(root); ok {
		if _, err := os.Stat(filepath.Join(main, "go.work")); err == nil {
			if c, err := cache.OpenShared(root, p.state, filepath.Join(main, filepath.Base(p.state))); err == nil {
				return c, nil
			}
		}
	}
	return cache.Open(root, p.state)
}

// evict makes room in the cache, now and then.
func (s *session) evict() {
	if !s.options.access.write {
		return
	}
	age, size := cmp.Or(s.options.CacheMaxAge, cacheAge), cmp.Or(s.options.CacheMaxSize, cacheSize)
	if err := s.cache.Evict(max(age, 0), max(size, 0), time.Now()); err != nil {
		s.printer.Warn("the cache grows: %v", err)
	}
}
