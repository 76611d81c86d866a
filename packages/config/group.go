package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// A group is a map field: any number of structs, each under a name that the input chooses. The name
// stands in the scope's place of entryName.
type group struct {
	scope  scope
	target reflect.Value
	// settings are those of each entry.
	settings []Setting
}

// entryName stands for an entry's name where no entry is meant.
const entryName = "<name>"

// entryNames are the names that all three spellings can have: lower case and upper case are one in the
// environment, and so are - and _.
var entryNames = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// maxEntries is far above what anybody writes by hand.
const maxEntries = 1000

// An entry is a struct on its way into the map of its group.
type entry struct {
	group group
	name  string
	value reflect.Value
}

// put stores the entry, once its fields are set.
func (e entry) put() {
	if e.group.target.IsNil() {
		e.group.target.Set(reflect.MakeMap(e.group.target.Type()))
	}
	e.group.target.SetMapIndex(reflect.ValueOf(e.name), e.value)
}

// newGroup returns the group of a map field, or an error when its structs cannot be configured.
func newGroup(target reflect.Value, in scope, envPrefix string) (group, error) {
	g := group{scope: in, target: target}
	var inner shape
	if err := inner.walk(reflect.New(target.Type().Elem()).Elem(), in, envPrefix); err != nil {
		return g, err
	}
	if len(inner.groups) > 0 {
		return g, fmt.Errorf("config: field %s: a map in a map cannot be configured", inner.groups[0].scope.path)
	}
	g.settings = inner.settings()
	return g, nil
}

// names returns the names of the group's entries in the file and in the environment. One that is written
// in both is spelled as in the file.
func (g group) names(file []string, env map[string]string, envPrefix string) []string {
	var names []string
	seen := map[string]bool{}
	prefix, _, _ := strings.Cut(g.scope.key, entryName)
	for _, key := range file {
		rest, inside := strings.CutPrefix(key, prefix)
		name, _, _ := strings.Cut(rest, ".")
		if inside && entryNames.MatchString(name) && !slices.Contains(names, name) {
			names = append(names, name)
			seen[envSpelling(name)] = true
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(env)) {
		name, ok := g.nameIn(variable, envPrefix)
		if ok && env[variable] != "" && !seen[name] {
			names = append(names, strings.ToLower(name))
			seen[name] = true
		}
	}
	return names
}

// nameIn returns the entry that a variable belongs to, as the variable spells it: what stands between the
// group's prefix and the longest name of a setting.
func (g group) nameIn(variable, envPrefix string) (name string, ok bool) {
	prefix, _, _ := strings.Cut(envPrefix+g.scope.env, envSpelling(entryName))
	rest, inside := strings.CutPrefix(variable, prefix)
	if !inside {
		return "", false
	}
	longest := 0
	for _, s := range g.settings {
		_, suffix, _ := strings.Cut(s.Env, envSpelling(entryName))
		for _, ending := range []string{suffix, suffix + "_FILE"} {
			before, ends := strings.CutSuffix(rest, ending)
			if ends && len(ending) > longest && (ending == suffix || s.Secret()) && entryNames.MatchString(strings.ToLower(before)) {
				name, longest = before, len(ending)
			}
		}
	}
	return name, longest > 0
}

// envSpelling is an entry's name within the name of a variable.
func envSpelling(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// entries returns the group's entries and the fields to fill them by.
func (g group) entries(names []string, envPrefix string) ([]entry, []field, error) {
	var entries []entry
	var fields []field
	for _, name := range names {
		e := entry{g, name, reflect.New(g.target.Type().Elem()).Elem()}
		in := scope{
			path:     strings.ReplaceAll(g.scope.path, entryName, name),
			env:      strings.ReplaceAll(g.scope.env, envSpelling(entryName), envSpelling(name)),
			key:      strings.ReplaceAll(g.scope.key, entryName, name),
			repeated: true,
		}
		var inner shape
		if err := inner.walk(e.value, in, envPrefix); err != nil {
			return nil, nil, err
		}
		entries, fields = append(entries, e), append(fields, inner.fields...)
	}
	return entries, fields, nil
}

// expand adds the fields of all entries that the input names.
func (s *shape) expand(file []string, env map[string]string, envPrefix string) ([]entry, []Problem, error) {
	var all []entry
	var problems []Problem
	for _, g := range s.groups {
		names := g.names(file, env, envPrefix)
		if len(names) > maxEntries {
			problems = append(problems, Problem{Expected: fmt.Sprintf("%d entries of %s: the most is %d", len(names), g.scope.key, maxEntries)})
			continue
		}
		entries, fields, err := g.entries(names, envPrefix)
		if err != nil {
			return nil, nil, err
		}
		all, s.fields = append(all, entries...), append(s.fields, fields...)
	}
	if err := distinct(s.settings()); err != nil {
		// Two entries that one variable would set.
		problems = append(problems, Problem{Expected: strings.TrimPrefix(err.Error(), "config: ")})
	}
	return all, problems, nil
}

// strayVariables reports variables that begin as a group's do and are none of its settings.
func (s *shape) strayVariables(env map[string]string, envPrefix string) []Problem {
	if envPrefix != "" {
		return nil // all that begin so are looked at already
	}
	var known []string
	for _, f := range s.settings() {
		known = append(known, f.Env, f.Env+"_FILE")
	}
	set := maps.Clone(env)
	maps.DeleteFunc(set, func(_, text string) bool { return text == "" })
	var problems []Problem
	for _, g := range s.groups {
		prefix, _, _ := strings.Cut(g.scope.env, envSpelling(entryName))
		problems = append(problems, unknownVariables(set, prefix, known)...)
	}
	return problems
}
