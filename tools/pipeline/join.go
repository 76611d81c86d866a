package pipeline

import (
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/workspace"
)

// join lists the members with what they depend on: what go.mod requires, and what is imported without being
// required. It reads every package once, as many at once as there are processors.
func (p *Pipeline) join() error {
	facts := p.read()
	settings, err := facts.goSettings((&node{}).environment(os.Environ())) // as most tasks have it
	if err != nil {
		return err
	}
	reader, sums := facts.reader(p.workspace, settings), facts.sums(settings)
	names := slices.Sorted(maps.Keys(p.members))
	p.modules = make([]filter.Module, len(names))
	var group errgroup.Group
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) { // a goroutine for each module would grow a stack for each
		group.Go(func() (err error) {
			for i := int(next.Add(1)) - 1; i < len(names); i = int(next.Add(1)) - 1 {
				m := p.members[names[i]]
				p.modules[i] = filter.Module{Name: names[i], Path: m.Path}
				if m.Path == "" {
					continue
				}
				if p.modules[i].Deps, err = p.goDeps(reader, sums, m); err != nil {
					return fmt.Errorf("read the imports of %s: %w", m.Name, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// goDeps returns the members that a module requires, and those that it imports although no chain of requirements leads
// to them.
func (p *Pipeline) goDeps(reader *gosource.Reader, sums sums, m *workspace.Module) ([]string, error) {
	packages := path.Join(m.Name, "...")
	imported, err := reader.Imported(packages)
	if err != nil {
		return nil, err
	}
	if err := reader.Prepare(sums, packages); err != nil {
		return nil, err
	}
	var required map[string]bool
	wanted := slices.Clone(m.Requires)
	for _, name := range imported {
		if name == m.Name || slices.Contains(m.Requires, name) {
			continue
		}
		if required == nil {
			required = graph.Reach([]string{m.Name}, p.requires)
		}
		if !required[name] {
			wanted = append(wanted, name)
		}
	}
	var deps []string
	for _, name := range wanted {
		if dep := p.workspace.Module(name); dep != nil && dep != m {
			deps = append(deps, memberName(dep))
		}
	}
	slices.Sort(deps)
	return slices.Compact(deps), nil
}

func (p *Pipeline) requires(name string) []string {
	if m := p.workspace.Module(name); m != nil {
		return m.Requires
	}
	return nil
}
