package load

import (
	"cmp"
	"go/ast"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// A File is one source file of a package.
type File struct {
	Name   string // packages/pubsub/pubsub.go, with slashes, relative to the root
	Source []byte
	// Refs are the identifiers that name something with a page, ordered by offset. Files that
	// were not type-checked (tests, other systems' files, templates) have none.
	Refs []Ref
}

// A Ref is an identifier in a file that names an object.
type Ref struct {
	Offset int
	Object types.Object
}

// sourceTypes are the files, beside Go, that a package's source consists of.
var sourceTypes = []string{".templ", ".css", ".ts", ".lua", ".js"}

func (w *Workspace) files(p *Package) ([]*File, error) {
	entries, err := os.ReadDir(filepath.Join(w.Root, filepath.FromSlash(p.Dir)))
	if err != nil {
		return nil, err
	}
	refs := w.refs(p)
	var files []*File
	for _, entry := range entries {
		if entry.IsDir() || fileRank(entry.Name()) < 0 {
			continue
		}
		name := path.Join(p.Dir, entry.Name())
		source, err := os.ReadFile(filepath.Join(w.Root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		files = append(files, &File{Name: name, Source: source, Refs: refs[name]})
	}
	slices.SortStableFunc(files, func(a, b *File) int { return cmp.Compare(fileRank(a.Name), fileRank(b.Name)) })
	return files, nil
}

// fileRank orders a package's files: Go, its tests, the rest; -1 is no source.
func fileRank(name string) int {
	ext := path.Ext(name)
	switch {
	case ext == ".go" && len(name) > len("_test.go") && name[len(name)-len("_test.go"):] == "_test.go":
		return 1
	case ext == ".go":
		return 0
	case slices.Contains(sourceTypes, ext):
		return 2
	default:
		return -1
	}
}

// refs collects, by file, the uses of objects that a page exists for.
func (w *Workspace) refs(p *Package) map[string][]Ref {
	byFile := map[string][]Ref{}
	for ident, obj := range p.Info().Uses {
		if obj.Pkg() == nil || !linkable(obj) {
			continue
		}
		position := w.fset.Position(ident.Pos())
		name, err := w.rel(position.Filename)
		if err != nil {
			continue
		}
		byFile[name] = append(byFile[name], Ref{Offset: position.Offset, Object: obj})
	}
	for _, refs := range byFile {
		slices.SortFunc(refs, func(a, b Ref) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	return byFile
}

// linkable says whether an object can have a place on a page: an exported name of a package,
// or an exported method or field.
func linkable(obj types.Object) bool {
	if !ast.IsExported(obj.Name()) {
		return false
	}
	switch o := obj.(type) {
	case *types.PkgName:
		return false
	case *types.Var:
		return o.IsField() || o.Parent() == o.Pkg().Scope()
	case *types.Func:
		return true
	default:
		return obj.Parent() == obj.Pkg().Scope()
	}
}
