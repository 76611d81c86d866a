package gosource

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/packed"
)

// contents gathers what the files of one part of a package say.
type contents struct {
	files           []string // names within the folder
	imports, embeds []string
	names           []string // of package clauses, without the "_test" of tests from outside
	cgo, main       bool
	unnoted         bool // something counts of which the index has no note
}

// memoRules names the rules about what contents are made of. It changes when they do.
const memoRules = "contents 2"

// memoLabel tells configurations apart by what decides about the files of a folder.
func (r *Reader) memoLabel() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %q", memoRules, r.config.CGO, slices.Sorted(maps.Keys(r.tags))))
	return string(sum[:12])
}

// contents returns what the files of a folder say, of its package and of the tests.
func (r *Reader) contents(dir string, entries []fs.DirEntry) (build, test *contents, err error) {
	if r.config.Memo == nil {
		return r.readContents(dir, entries)
	}
	text, err := r.config.Memo(dir, r.label, func() (string, bool, error) {
		if build, test, err = r.readContents(dir, entries); err != nil {
			return "", false, err
		}
		return string(test.pack(build.pack(nil))), !build.unnoted && !test.unnoted, nil
	})
	if err != nil || build != nil {
		return build, test, err
	}
	p := packed.Reader{Data: text}
	if build, test = unpackContents(&p), unpackContents(&p); p.Broken {
		return r.readContents(dir, entries)
	}
	return build, test, nil
}

func (c *contents) pack(out []byte) []byte {
	for _, list := range [][]string{c.files, c.imports, c.embeds, c.names} {
		out = packed.AppendStrings(out, list)
	}
	marks := byte(0)
	if c.cgo {
		marks |= 1
	}
	if c.main {
		marks |= 2
	}
	return append(out, marks)
}

func unpackContents(p *packed.Reader) *contents {
	c := &contents{files: p.Strings(), imports: p.Strings(), embeds: p.Strings(), names: p.Strings()}
	if marks := p.Take(1); marks != "" {
		c.cgo, c.main = marks[0]&1 != 0, marks[0]&2 != 0
	}
	return c
}

func (r *Reader) readContents(dir string, entries []fs.DirEntry) (build, test *contents, err error) {
	build, test = &contents{}, &contents{}
	for _, entry := range entries {
		if err := r.readEntry(dir, entry, build, test); err != nil {
			return nil, nil, err
		}
	}
	for _, c := range []*contents{build, test} {
		for _, list := range []*[]string{&c.imports, &c.embeds, &c.names} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
	return build, test, nil
}

// readEntry adds a folder's entry to the part of the package that it belongs to, if any.
func (r *Reader) readEntry(dir string, entry fs.DirEntry, build, test *contents) error {
	name := entry.Name()
	ext := path.Ext(name)
	if entry.IsDir() || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || !sourceExts[ext] {
		return nil
	}
	full := glob.Join(dir, name)
	if !entry.Type().IsRegular() {
		build.unnoted = true
		if entry.Type()&fs.ModeSymlink != 0 && r.leadsToFolder(full) {
			return nil
		}
	}
	if ext == ".pgo" && name != "default.pgo" || !r.matchName(name) {
		return nil
	}
	if ext == ".pgo" || ext == ".syso" { // no text, and so no constraint
		build.files, build.unnoted = append(build.files, name), true
		return nil
	}
	header, err := r.header(full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.place(name, header, build, test)
	return nil
}

// place adds a file whose name fits to the part that it belongs to, unless its header says no.
func (r *Reader) place(name string, header Header, build, test *contents) {
	if !r.matchConstraint(header.Constraint) || header.Package == "documentation" {
		return
	}
	into := build
	clause := header.Package
	if strings.HasSuffix(name, "_test.go") {
		into, clause = test, strings.TrimSuffix(clause, "_test")
	}
	if path.Ext(name) == ".go" {
		into.names = append(into.names, clause)
	}
	into.main = into.main || header.Package == "main"
	if slices.Contains(header.Imports, "C") {
		if !r.config.CGO {
			return
		}
		into.cgo = true
	}
	into.files = append(into.files, name)
	into.imports = append(into.imports, header.Imports...)
	into.embeds = append(into.embeds, header.Embeds...)
}

func (r *Reader) header(name string) (Header, error) {
	if r.config.Headers != nil {
		if header, ok := r.config.Headers.Load(name); ok {
			return header, nil
		}
	}
	content, err := os.ReadFile(r.workspace.Abs(name))
	if err != nil {
		return Header{}, fmt.Errorf("read Go source: %w", err)
	}
	header := ParseHeader(name, content)
	if r.config.Headers != nil {
		r.config.Headers.Store(name, content, header)
	}
	return header, nil
}

func (r *Reader) leadsToFolder(name string) bool {
	info, err := os.Stat(r.workspace.Abs(name))
	return err == nil && info.IsDir()
}
