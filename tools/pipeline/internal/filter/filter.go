// Package filter chooses modules by a short expression, in the grammar that pnpm and Turborepo use.
//
//	apps/server        the module of that name, or by its import path
//	apps/*             all whose name matches; "*" stays within one element, "**" does not
//	./apps             all modules in that folder or below it
//	apps/server...     and what it depends on
//	...packages/ui     and what depends on it
//	apps/server^...    only what it depends on; ...^packages/ui only what depends on it
//	!apps/docs         takes away
//
// Selectors are joined by commas. With only "!" selectors the rest is chosen from all modules.
package filter

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/suggest"
)

// A Module is what can be chosen.
type Module struct {
	// Name is the module's folder relative to the root, Path its import path.
	Name, Path string
	// Deps names the modules that this one depends on directly.
	Deps []string
}

// A selector is one parsed part of an expression.
type selector struct {
	text               string
	pattern            string
	drop               bool
	deps, users        bool // "..." behind, "..." in front
	notItself, isGroup bool // "^"; "./folder"
}

// Select returns the names of the modules that the expression chooses, sorted. An empty expression
// chooses all. A selector that no module answers is an error which names it.
func Select(modules []Module, expression string) ([]string, error) {
	if strings.TrimSpace(expression) == "" {
		return names(modules, func(Module) bool { return true }), nil
	}
	selectors, err := parse(expression)
	if err != nil {
		return nil, err
	}
	chosen := make(map[string]bool)
	if !slices.ContainsFunc(selectors, func(s selector) bool { return !s.drop }) {
		for _, m := range modules {
			chosen[m.Name] = true
		}
	}
	slices.SortStableFunc(selectors, func(a, b selector) int { return rank(a) - rank(b) })
	for _, s := range selectors {
		found, err := s.apply(modules)
		if err != nil {
			return nil, err
		}
		for name := range found {
			chosen[name] = !s.drop
		}
	}
	return names(modules, func(m Module) bool { return chosen[m.Name] }), nil
}

// rank puts what takes away last, so that the order of an expression means nothing.
func rank(s selector) int {
	if s.drop {
		return 1
	}
	return 0
}

func parse(expression string) ([]selector, error) {
	var selectors []selector
	for text := range splitTop(expression) {
		s, err := parseOne(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		selectors = append(selectors, s)
	}
	return selectors, nil
}

// splitTop yields the parts between commas that are not inside braces.
func splitTop(expression string) func(func(string) bool) {
	return func(yield func(string) bool) {
		depth, start := 0, 0
		for i, r := range expression {
			switch {
			case r == '{':
				depth++
			case r == '}':
				depth--
			case r == ',' && depth == 0:
				if !yield(expression[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(expression[start:])
	}
}

func parseOne(text string) (selector, error) {
	s := selector{text: text}
	rest, drop := strings.CutPrefix(text, "!")
	s.drop = drop
	rest, s.users = strings.CutPrefix(rest, "...")
	rest, s.deps = strings.CutSuffix(rest, "...")
	if s.users {
		rest, s.notItself = strings.CutPrefix(rest, "^")
	}
	if s.deps {
		var cut bool
		rest, cut = strings.CutSuffix(rest, "^")
		s.notItself = s.notItself || cut
	}
	if folder, ok := strings.CutPrefix(rest, "./"); ok || rest == "." {
		s.isGroup = true
		rest = path.Clean(folder)
	}
	s.pattern = strings.TrimSuffix(rest, "/")
	if s.pattern == "" || strings.ContainsAny(s.pattern, "^!") || !doublestar.ValidatePattern(s.pattern) {
		return selector{}, fmt.Errorf("filter %q: want a module, a folder or a glob, such as %q or %q", text, "apps/server...", "...packages/ui")
	}
	return s, nil
}

func (s selector) apply(modules []Module) (map[string]bool, error) {
	start := names(modules, s.matches)
	if len(start) == 0 {
		all := names(modules, func(Module) bool { return true })
		return nil, fmt.Errorf("filter %q: no such module%s", s.text, suggest.Hint(s.pattern, all))
	}
	deps, users := edges(modules)
	found := graph.Reach(start, func(string) []string { return nil })
	if s.users {
		found = graph.Reach(start, func(name string) []string { return users[name] })
	}
	if s.deps {
		from := start
		for name := range found {
			from = append(from, name)
		}
		for name := range graph.Reach(from, func(name string) []string { return deps[name] }) {
			found[name] = true
		}
	}
	if s.notItself {
		for _, name := range start {
			delete(found, name)
		}
	}
	return found, nil
}

func (s selector) matches(m Module) bool {
	if s.isGroup {
		return s.pattern == "." || m.Name == s.pattern || strings.HasPrefix(m.Name, s.pattern+"/") ||
			doublestar.MatchUnvalidated(s.pattern, m.Name)
	}
	return m.Path == s.pattern || doublestar.MatchUnvalidated(s.pattern, m.Name)
}

func names(modules []Module, keep func(Module) bool) []string {
	var found []string
	for _, m := range modules {
		if keep(m) {
			found = append(found, m.Name)
		}
	}
	slices.Sort(found)
	return found
}

func edges(modules []Module) (deps, users map[string][]string) {
	deps, users = make(map[string][]string), make(map[string][]string)
	for _, m := range modules {
		deps[m.Name] = m.Deps
		for _, dep := range m.Deps {
			users[dep] = append(users[dep], m.Name)
		}
	}
	return deps, users
}
