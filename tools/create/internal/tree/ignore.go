package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// A rule is a line of .gitignore, of the forms that gitignore(5) calls simple: no **.
type rule struct {
	pattern  string
	anchored bool // matches the whole path, not any name
	dirOnly  bool
	keep     bool // !pattern
}

type rules []rule

// readRules reads a .gitignore. One that is not there has no rules.
func readRules(file string) (rules, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out rules
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var r rule
		line, r.keep = strings.CutPrefix(line, "!")
		line, r.dirOnly = strings.CutSuffix(line, "/")
		r.anchored = strings.Contains(line, "/")
		r.pattern = strings.TrimPrefix(line, "/")
		if _, err := path.Match(r.pattern, ""); err != nil || strings.Contains(line, "**") {
			return nil, fmt.Errorf("%s: the rule %q is read by git alone; install git, or copy the tree without its outputs", file, line)
		}
		out = append(out, r)
	}
	return out, nil
}

// ignore says whether the last rule that matches a path takes it away. The folders above it are asked before.
func (rs rules) ignore(name string, dir bool) bool {
	ignored := false
	for _, r := range rs {
		subject := name
		if !r.anchored {
			subject = path.Base(name)
		}
		if matched, _ := path.Match(r.pattern, subject); matched && (dir || !r.dirOnly) {
			ignored = !r.keep
		}
	}
	return ignored
}
