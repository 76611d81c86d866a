// Package filter chooses modules and tasks by short expressions, in the grammar that pnpm and Turborepo use.
//
//	apps/server             the module of that name, or by its import path; "server" where only one ends so
//	apps/*                  all whose name or path matches; "*" stays within one element, "**" does not; "*" alone is all
//	./apps, {apps}          all modules in that folder or below it; {} also behind a name
//	., {.}, //              the root alone
//	tag:slow                the tasks that bear the label, themselves or by their module
//	[main]                  the tasks whose inputs changed between that git revision and the working tree
//	[main...topic]          the same between the merge base of both and the second
//	apps/*{apps/s*}[main]   what all parts choose
//	apps/server...          and what it depends on
//	...packages/ui          and what depends on it
//	apps/server^...         only what it depends on; ...^packages/ui only what depends on it
//	...apps/api...          what depends on it, what those depend on, and what it depends on
//	apps/server...[main]    apps/server, if it or something it depends on changed
//	!apps/docs              takes away
//
// A selector with a tag or a range stands for tasks, and its "..." follow the graph of tasks; others stand
// for modules, and theirs follow what modules depend on. Selectors come one by one or joined by commas. The
// result is the union of all less what the "!" selectors choose; with these alone it is the rest of everything but a
// root that is no Go module, which has to be named.
package filter

import "path"

// Root is the name of the workspace's root where that has tasks.
const Root = "//"

// A Module is what can be chosen, or where the tasks are that can be chosen.
type Module struct {
	// Name is the module's folder relative to the root, or [Root]. Path is its import path, empty for a folder that is no Go module.
	Name, Path string
	// Deps names the modules that this one depends on directly.
	Deps []string
	// Tags are its labels.
	Tags []string
}

// dir returns the folder relative to the root.
func (m Module) dir() string {
	if m.Name == Root {
		return "."
	}
	return m.Name
}

// A Task is one task of one module.
type Task struct {
	// ID is what the results consist of, and Module the name of its module.
	ID, Module string
	// Tags are its own labels; it bears those of its module too.
	Tags []string
	// Deps are the ids of the tasks that it depends on directly.
	Deps []string
}

// A Range is two states of the tree.
type Range struct {
	// From and To are git revisions. An empty To is the working tree.
	From, To string
	// Fork says that not From itself is meant but the merge base of both.
	Fork bool
}

// A Place is the folder that somebody stands in.
type Place struct {
	// Dir is relative to the root, with slashes; empty means the root. Relative paths start here.
	Dir string
	// Module is the module that Dir lies in. Ranges without anything else look at it alone.
	Module string
}

func (p Place) join(dir string) string { return path.Join(p.Dir, dir) }

// A Selector is one parsed part of an expression.
type Selector struct {
	text      string
	drop      bool   // "!"
	name      string // empty for any
	dir       string // empty for any
	tag       string // empty for any
	changed   *Range
	behind    bool // "...[": what changed may also be something it depends on
	deps      bool // "..." at the end
	users     bool // "..." at the beginning
	notItself bool // "^"
}

// ofTasks reports whether the selector stands for tasks rather than for modules.
func (s *Selector) ofTasks() bool { return s.tag != "" || s.changed != nil }

// OnlyName returns the name that is all there is to the selectors: one module, nothing else. Empty otherwise.
func OnlyName(selectors []Selector) string {
	if len(selectors) != 1 {
		return ""
	}
	s := selectors[0]
	if s != (Selector{text: s.text, name: s.name}) {
		return ""
	}
	return s.name
}
