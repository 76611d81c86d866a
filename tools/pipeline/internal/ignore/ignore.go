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
)

// A Tree is the .gitignore files of one tree, each read once. Safe for concurrent use.
type Tree struct {
	list    func(dir string) ([]fs.DirEntry, error)
	read    func(name string) ([]byte, error)
	folders sync.Map // folder → func() []rule
}

// New returns the rules of a tree. list lists a folder by its name, sorted, and read reads a file; names are relative to the root of the tree,
// with slashes.
func New(list func(dir string) ([]fs.DirEntry, error), read func(name string) ([]byte, error)) *Tree {
	return &Tree{list: list, read: read}
}

// A rule is one line of a .gitignore, see gitignore(5).
type rule struct {
	pattern string // relative to the file's folder
	dirOnly bool
	keep    bool // "!"
}

// File reports whether a file is ignored, itself or by a folder above.
func (t *Tree) File(name string) bool { return t.Dir(path.Dir(name)) || t.ignored(name, false) }

// Dir reports whether a folder is ignored, itself or by a folder above.
func (t *Tree) Dir(name string) bool {
	if name == "." || name == "/" || strings.HasPrefix(name, "../") || name == ".." {
		return false
	}
	return t.Dir(path.Dir(name)) || t.ignored(name, true)
}

// ignored asks the rules of the folders above, the nearest first. In each the last that fits counts.
func (t *Tree) ignored(name string, isDir bool) bool {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		rel := name
		if dir != "." {
			rel = strings.TrimPrefix(name, dir+"/")
		}
		for _, r := range slices.Backward(t.rules(dir)) {
			if (isDir || !r.dirOnly) && doublestar.MatchUnvalidated(r.pattern, rel) {
				return !r.keep
			}
		}
		if dir == "." || dir == "/" || dir == ".." {
			return false
		}
	}
}

// rules returns those of a folder's .gitignore. What cannot be read has none.
func (t *Tree) rules(dir string) []rule {
	once, _ := t.folders.LoadOrStore(dir, sync.OnceValue(func() []rule {
		entries, err := t.list(dir)
		if err != nil || !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ".gitignore" && e.Type().IsRegular() }) {
			return nil
		}
		data, err := t.read(path.Join(dir, ".gitignore"))
		if err != nil {
			return nil
		}
		return parse(string(data))
	}))
	rules, _ := once.(func() []rule)
	return rules()
}

func parse(text string) []rule {
	var rules []rule
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = trimSpaces(strings.TrimRight(line, "\r\n"))
		if line == "" || line[0] == '#' {
			continue
		}
		var r rule
		line, r.keep = strings.CutPrefix(line, "!")
		line, r.dirOnly = strings.CutSuffix(line, "/")
		anchored := strings.Contains(line, "/")
		r.pattern = strings.NewReplacer("{", `\{`, "}", `\}`).Replace(strings.TrimPrefix(line, "/"))
		if !anchored {
			r.pattern = "**/" + r.pattern
		}
		if strings.HasSuffix(r.pattern, "/**") {
			r.pattern += "/*" // what lies in the folder, not the folder
		}
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
