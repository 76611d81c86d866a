// Package rewrite puts the files of a workspace under another module path: module files and imports by
// their syntax, and what is left in prose, patterns and strings as whole words.
package rewrite

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/modfile"

	"magpie.build/tools/create/internal/tree"
)

// ModulePath returns the path that all modules of the workspace at root begin with: what is left of each
// module's path without its folder.
func ModulePath(root string, files []tree.File) (string, error) {
	var found, at string
	for _, f := range files {
		dir, name := path.Split(f.Path)
		if name != "go.mod" || strings.Contains(dir, "testdata/") {
			continue
		}
		file := filepath.Join(root, filepath.FromSlash(f.Path))
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		prefix, ok := strings.CutSuffix(modfile.ModulePath(data), "/"+strings.TrimSuffix(dir, "/"))
		if !ok || found != "" && prefix != found {
			return "", fmt.Errorf("%s declares module %s: a workspace is put under another path by what all its modules begin with, followed by their folder, "+
				"such as %s in %s", f.Path, modfile.ModulePath(data), found, at)
		}
		found, at = prefix, f.Path
	}
	if found == "" {
		return "", fmt.Errorf("no go.mod below %s", root)
	}
	return found, nil
}

// A Rewriter turns one module path into another.
type Rewriter struct{ from, to string }

// New returns a Rewriter. Both paths are without a slash at the end.
func New(from, to string) *Rewriter { return &Rewriter{from: from, to: to} }

// verbatim are the files that say where the workspace comes from.
var verbatim = []string{"LICENSE"}

// restarted are the files that tell the story of one workspace, with how the story of a new one begins.
var restarted = map[string]string{
	"CHANGELOG.md": "# Changelog\n\nFor users, by module, breaking changes first. Dates are those of the commit.\n\n## Unreleased\n\n- The workspace begins.\n",
}

// File returns what the file at name, a path with slashes below the root, holds under the new path. Files that
// are not text stay as they are.
func (r *Rewriter) File(name string, data []byte) ([]byte, error) {
	if text, ok := restarted[name]; ok {
		return []byte(text), nil
	}
	if slices.Contains(verbatim, name) || !utf8.Valid(data) || !bytes.Contains(data, []byte(r.from)) {
		return data, nil
	}
	foreign := strings.Contains(name, "testdata/") // may be broken on purpose
	var err error
	out := data
	switch base := path.Base(name); {
	case base == "go.mod" || base == "go.work":
		out, err = r.modFile(name, data)
	case path.Ext(base) == ".go" || path.Ext(base) == ".templ":
		out, err = r.imports(name, data)
	}
	if err != nil && !foreign {
		return nil, fmt.Errorf("rewrite %s: %w", name, err)
	}
	if err != nil {
		out = data
	}
	return r.tidy(name, data, r.words(out)), nil
}

// tidy formats a Go file that was formatted before: longer words move the comments behind them.
func (r *Rewriter) tidy(name string, before, after []byte) []byte {
	if path.Ext(name) != ".go" {
		return after
	}
	if formatted, err := format.Source(before); err != nil || !bytes.Equal(formatted, before) {
		return after
	}
	if formatted, err := format.Source(after); err == nil {
		return formatted
	}
	return after
}

// modFile renames what a go.mod or go.work names: its module, and what it requires, replaces and offers as
// a tool.
func (r *Rewriter) modFile(name string, data []byte) ([]byte, error) {
	var syntax *modfile.FileSyntax
	if path.Base(name) == "go.work" {
		f, err := modfile.ParseWork(name, data, nil)
		if err != nil {
			return nil, err
		}
		syntax = f.Syntax
	} else {
		f, err := modfile.ParseLax(name, data, nil)
		if err != nil {
			return nil, err
		}
		syntax = f.Syntax
	}
	for _, statement := range syntax.Stmt {
		switch s := statement.(type) {
		case *modfile.Line:
			r.tokens(s.Token)
		case *modfile.LineBlock:
			for _, line := range s.Line {
				r.tokens(line.Token)
			}
		}
	}
	return modfile.Format(syntax), nil
}

func (r *Rewriter) tokens(tokens []string) {
	for i, t := range tokens {
		tokens[i] = r.path(t)
	}
}

// path renames a module or package path, and returns any other as it is.
func (r *Rewriter) path(p string) string {
	if rest, ok := strings.CutPrefix(p, r.from); ok && (rest == "" || rest[0] == '/') {
		return r.to + rest
	}
	return p
}

// imports renames what a Go or templ file imports. Both begin alike, and no more of the file is read.
func (r *Rewriter) imports(name string, data []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, data, parser.ImportsOnly|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []byte
	done := 0
	for _, spec := range file.Imports {
		old, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		at := set.PositionFor(spec.Path.Pos(), false).Offset
		out = append(append(out, data[done:at]...), strconv.Quote(r.path(old))...)
		done = at + len(spec.Path.Value)
	}
	return append(out, data[done:]...), nil
}

// words renames the path where it stands by itself or before a slash: in comments, strings, patterns and
// prose. As a part of a longer name or path, or behind the @ of an address, it is another word.
func (r *Rewriter) words(data []byte) []byte {
	var out []byte
	for {
		i := bytes.Index(data, []byte(r.from))
		if i < 0 {
			return append(out, data...)
		}
		end := i + len(r.from)
		replacement := r.from
		switch {
		case bytes.HasPrefix(data[i:], []byte(r.to)) && endsWord(data[i+len(r.to):]): // the new path lies below the old
			end = i + len(r.to)
			replacement = r.to
		case startsWord(data[:i], out) && endsWord(data[end:]):
			replacement = r.to
		}
		out = append(append(out, data[:i]...), replacement...)
		data = data[end:]
	}
}

func startsWord(before, written []byte) bool {
	before = append(written[max(0, len(written)-2):len(written):len(written)], before...)
	if len(before) == 0 {
		return true
	}
	switch last := before[len(before)-1]; last {
	case '@', '.':
		return false
	case '/':
		return bytes.HasSuffix(before, []byte("//")) // a URL or a comment, not the end of a longer path
	default:
		return !isWord(last)
	}
}

func endsWord(after []byte) bool {
	if len(after) == 0 || isWord(after[0]) {
		return len(after) == 0
	}
	return after[0] != '.' || len(after) == 1 || !isWord(after[1])
}

func isWord(b byte) bool {
	return b == '-' || b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
