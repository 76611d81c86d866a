// Package glob holds lists of path patterns: what the inputs and outputs of a task are written in.
//
// A pattern is relative and written with slashes. "*" and "?" stay within one element, "**" stands for any
// number of elements, "{a,b}" and "[a-z]" are alternatives. A pattern that names a folder holds all below it.
// A leading "!" takes away what the pattern matches, wherever in the list it stands.
package glob

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A Set is a parsed list of patterns. The zero value matches nothing. Safe for concurrent use.
type Set struct {
	takes, drops []pattern
}

// A pattern is one of a set, relative to the root.
type pattern struct {
	text string
	base string // the folder, or the file, up to the first wildcard
	all  bool   // it holds all that lies below the folder
}

// newPattern reads a pattern without "!".
func newPattern(text string) pattern {
	if text == "**" || strings.HasSuffix(text, "/**") {
		text += "/*" // what lies in a folder, not a file of its name
	}
	if !hasMeta(text) {
		return pattern{text: text, base: text}
	}
	base, rest := doublestar.SplitPattern(text)
	return pattern{text: text, base: base, all: rest == "**/*"}
}

// match reports whether the pattern holds a name, or a folder that the name lies in.
func (p pattern) match(name string) bool {
	switch {
	case !Within(p.base, name):
		return false
	case p.base == p.text:
		return true
	case p.all:
		return name != p.base
	}
	return doublestar.MatchUnvalidated(p.text, name) || doublestar.MatchUnvalidated(p.text+"/**/*", name)
}

// Parse reads a list of patterns, all relative to the folder base, itself relative to the root of the
// workspace. A pattern that begins with "//" is relative to the root. It reports the first pattern that
// is malformed or leaves the root.
func Parse(base string, patterns []string) (Set, error) {
	var s Set
	for _, raw := range patterns {
		text, negated := strings.CutPrefix(raw, "!")
		rooted, isRooted := strings.CutPrefix(text, "//")
		full := path.Join(base, text)
		if isRooted {
			full = path.Clean(rooted)
		}
		switch {
		case text == "" || strings.HasPrefix(text, "/") && !isRooted || strings.Contains(text, `\`):
			return Set{}, fmt.Errorf("pattern %q: want a relative path with slashes", raw)
		case full == ".." || strings.HasPrefix(full, "../"):
			return Set{}, fmt.Errorf("pattern %q leaves the workspace", raw)
		case !doublestar.ValidatePattern(full):
			return Set{}, fmt.Errorf("pattern %q is malformed", raw)
		}
		if negated {
			s.drops = append(s.drops, newPattern(full))
		} else {
			s.takes = append(s.takes, newPattern(full))
		}
	}
	return s, nil
}

// Empty reports whether no pattern takes anything.
func (s Set) Empty() bool { return len(s.takes) == 0 }

// Match reports whether the set holds the file at path, relative to the root.
func (s Set) Match(path string) bool { return matchAny(s.takes, path) && !matchAny(s.drops, path) }

// Drops reports whether a "!" pattern of the set takes the file at path away.
func (s Set) Drops(path string) bool { return matchAny(s.drops, path) }

func matchAny(patterns []pattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p pattern) bool { return p.match(name) })
}

// Bases returns the folders in which everything lies that the set can match: each pattern up to its first
// wildcard, without those that lie below another.
func (s Set) Bases() []string {
	var bases []string
	for _, p := range s.takes {
		bases = append(bases, p.base)
	}
	slices.Sort(bases)
	var kept []string
	for _, b := range bases {
		if !slices.ContainsFunc(kept, func(k string) bool { return Within(k, b) }) {
			kept = append(kept, b)
		}
	}
	return kept
}

// Within reports whether name is dir or lies below it.
func Within(dir, name string) bool {
	return dir == "." || strings.HasPrefix(name, dir) && (len(name) == len(dir) || name[len(dir)] == '/')
}

// Overlap returns a pattern of each set that could match the same file, or two empty strings. What the "!"
// patterns take away is not looked at, except where one takes away the whole of the other's pattern.
func Overlap(a, b Set) (string, string) {
	for _, p := range a.takes {
		for _, q := range b.takes {
			if slices.Contains(a.drops, q) || slices.Contains(b.drops, p) {
				continue
			}
			if meet(strings.Split(p.text, "/"), strings.Split(q.text, "/")) {
				return shown(p.text), shown(q.text)
			}
		}
	}
	return "", ""
}

// shown undoes what Parse added.
func shown(p string) string {
	if strings.HasSuffix(p, "**/*") {
		return strings.TrimSuffix(p, "/*")
	}
	return p
}

// meet reports whether some path matches both patterns, element by element. Elements with wildcards on
// both sides are taken to meet.
func meet(p, q []string) bool {
	switch {
	case len(p) == 0 && len(q) == 0:
		return true
	case len(p) > 0 && p[0] == "**":
		return deepMeet(p, q)
	case len(q) > 0 && q[0] == "**":
		return deepMeet(q, p)
	case len(p) == 0 || len(q) == 0:
		return false
	}
	return elementsMeet(p[0], q[0]) && meet(p[1:], q[1:])
}

// deepMeet is meet where p begins with "**".
func deepMeet(p, q []string) bool {
	for skip := range len(q) + 1 {
		if meet(p[1:], q[skip:]) {
			return true
		}
	}
	// A "**" of q stands for whatever the rest of p needs.
	return slices.Contains(q, "**") && meet(p[1:], q[slices.Index(q, "**"):])
}

func elementsMeet(a, b string) bool {
	switch {
	case !hasMeta(a) && !hasMeta(b):
		return a == b
	case !hasMeta(b):
		return doublestar.MatchUnvalidated(a, b)
	case !hasMeta(a):
		return doublestar.MatchUnvalidated(b, a)
	}
	return true
}

func hasMeta(s string) bool { return strings.ContainsAny(s, `*?[{`) }
