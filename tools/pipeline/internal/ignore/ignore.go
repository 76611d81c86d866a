// Package ignore knows which files git leaves out, from the .gitignore files of a tree and without git. It does not know which files git
// tracks all the same, nor what is ignored on one machine alone.
package ignore

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"

	"magpie.build/tools/pipeline/internal/glob"
)

// A Tree is the .gitignore files of one tree, each read once. Safe for concurrent use.
type Tree struct {
	list    func(dir string) ([]fs.DirEntry, error)
	read    func(name string) ([]byte, error)
	folders sync.Map // name → *folder
}

// New returns the rules of a tree. list lists a folder by its name, sorted, and read reads a file; names are relative to the root of the tree,
// with slashes.
func New(list func(dir string) ([]fs.DirEntry, error), read func(name string) ([]byte, error)) *Tree {
	return &Tree{list: list, read: read}
}

// A folder is what decides about the files in it.
type folder struct {
	ignored bool
	scopes  []scope // the nearest first
}

// A scope is the rules of one .gitignore.
type scope struct {
	below int // how much of a name is the path of the file's own folder, with a slash behind
	rules []rule
}

// Leave returns those of the files that are not ignored, themselves or by a folder above, in the memory of names. Files of one folder that follow one another cost the least.
func (t *Tree) Leave(names []string) []string {
	dir, above := "", (*folder)(nil)
	return slices.DeleteFunc(names, func(name string) bool {
		if in, _ := glob.Split(name); above == nil || in != dir {
			dir, above = in, t.folder(in)
		}
		return above.ignored || above.drops(name, false)
	})
}

// Dir reports whether a folder is ignored, itself or by a folder above.
func (t *Tree) Dir(name string) bool { return t.folder(name).ignored }

// folder returns what is known of a folder: what it has from the one above, and its own rules.
func (t *Tree) folder(name string) *folder {
	if known, ok := t.folders.Load(name); ok {
		f, _ := known.(*folder)
		return f
	}
	f := &folder{}
	below := 0
	if !outermost(name) {
		dir, _ := glob.Split(name)
		above := t.folder(dir)
		f.ignored, f.scopes = above.ignored || above.drops(name, true), above.scopes
		below = len(name) + 1
	}
	if rules := t.rules(name); len(rules) > 0 && !f.ignored {
		f.scopes = append([]scope{{below, rules}}, f.scopes...)
	}
	t.folders.Store(name, f)
	return f
}

// outermost reports whether a folder is the root of the tree, or lies outside it.
func outermost(name string) bool {
	return name == "." || name == "/" || name == ".." || strings.HasPrefix(name, "../")
}

// drops asks the rules about a name in the folder. In each file the last that fits counts.
func (f *folder) drops(name string, isDir bool) bool {
	for _, s := range f.scopes {
		rel := name[s.below:]
		for i := range s.rules {
			if r := &s.rules[len(s.rules)-1-i]; (isDir || !r.dirOnly) && r.fits(rel) {
				return !r.keep
			}
		}
	}
	return false
}

// rules returns those of a folder's .gitignore. What cannot be read has none.
func (t *Tree) rules(dir string) []rule {
	entries, err := t.list(dir)
	at, found := slices.BinarySearchFunc(entries, ".gitignore", func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	if err != nil || !found || !entries[at].Type().IsRegular() {
		return nil
	}
	data, err := t.read(path.Join(dir, ".gitignore"))
	if err != nil {
		return nil
	}
	return parse(string(data))
}

func parse(text string) []rule {
	var rules []rule
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = trimSpaces(strings.TrimRight(line, "\r\n"))
		if line == "" || line[0] == '#' {
			continue
		}
		r := newRule(line)
		if r.pattern != "" && doublestar.ValidatePattern(r.pattern) {
			rules = append(rules, r)
		}
	}
	return rules
}

// trimSpaces cuts spaces off the end, but for one behind a backslash.
func trimSpaces(line string) string {
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	return line
}
