package gosource

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/workspace"
)

// pkg is one package folder: what a build of it reads, and what its tests add.
type pkg struct {
	dir         string
	module      *workspace.Module
	build, test part
	unnoted     bool     // see contents
	clauses     []string // where the files of the folder do not agree on one: the go command builds nothing then, be it a test that disagrees

	summing sync.Once
	sum     hash.Key // of the build part, as importers see it
	sumErr  error
}

// part is a set of files and what their imports lead to.
type part struct {
	dir      string
	sources  []string // names in the folder: most runs need no paths of them
	others   []string // paths of what is embedded, and of testdata
	imports  []location
	external []string
}

// files returns the paths of all.
func (p *part) files() []string { return append(p.paths(), p.others...) }

// paths returns those of the sources.
func (p *part) paths() []string {
	paths := make([]string, len(p.sources), len(p.sources)+len(p.others))
	for i, name := range p.sources {
		paths[i] = glob.Join(p.dir, name)
	}
	return paths
}

func (p *part) isEmpty() bool { return len(p.sources)+len(p.others) == 0 }

// location is a package folder and the module that it belongs to.
type location struct {
	dir       string
	module    *workspace.Module
	elsewhere bool // in the module cache: only what it imports counts
}

// load reads a package once. A folder that is missing is a package without files.
func (r *Reader) load(at location) (*pkg, error) {
	packages := &r.known(at.dir).packages
	if once, ok := packages.Load(at.dir); ok {
		read, _ := once.(func() (*pkg, error))
		return read()
	}
	once, _ := packages.LoadOrStore(at.dir, sync.OnceValues(func() (*pkg, error) { return r.read(at) }))
	read, _ := once.(func() (*pkg, error))
	return read()
}

func (r *Reader) read(at location) (*pkg, error) {
	p := &pkg{dir: at.dir, module: at.module}
	entries, err := r.list(at.dir)
	if err != nil {
		return nil, err
	}
	build, test, err := r.contents(at.dir, entries)
	if err != nil {
		return nil, err
	}
	build.files = slices.DeleteFunc(build.files, func(name string) bool { return r.unused(name, build) })
	if !slices.ContainsFunc(slices.Concat(build.files, test.files), func(name string) bool { return path.Ext(name) == ".go" }) {
		return p, nil // nothing is built here, and nobody reads its assembly or testdata
	}
	p.unnoted = build.unnoted
	if names := slices.Concat(build.names, test.names); len(names) > 1 {
		slices.Sort(names)
		if names = slices.Compact(names); len(names) > 1 {
			p.clauses = names
		}
	}
	if p.build, err = r.part(at, build); err != nil {
		return nil, err
	}
	if at.elsewhere {
		return p, nil // its tests are not ours, and may lead back to it
	}
	if p.test, err = r.part(at, test); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && e.Name() == "testdata" }) {
		testdata, err := r.walk(path.Join(at.dir, "testdata"))
		p.test.others = append(p.test.others, testdata...)
		return p, err
	}
	return p, nil
}

// unused says whether a file that was found has no part in what the package came out as.
func (r *Reader) unused(name string, build *contents) bool {
	switch path.Ext(name) {
	case ".S", ".sx": // assembly for the C compiler; the Go assembler takes ".s" alone
		return !build.cgo
	case ".c", ".cc", ".cpp", ".cxx", ".m", ".swig", ".swigcxx":
		return !r.config.CGO
	case ".pgo":
		return !build.main
	}
	return false
}

func (r *Reader) part(at location, c *contents) (part, error) {
	out := part{dir: at.dir, sources: c.files}
	for _, path := range c.imports {
		to, ok, err := r.resolve(path)
		switch {
		case err != nil:
			return part{}, err
		case ok:
			out.imports = append(out.imports, to)
		case path != "C" && !isStandard(path):
			out.external = append(out.external, path)
			back, err := r.back(path)
			if err != nil {
				return part{}, err
			}
			out.imports = append(out.imports, back...)
		}
	}
	slices.SortFunc(out.imports, func(a, b location) int { return cmp.Compare(a.dir, b.dir) })
	out.imports = slices.CompactFunc(out.imports, func(a, b location) bool { return a.dir == b.dir })
	for _, pattern := range c.embeds {
		files, err := r.embed(at.dir, pattern)
		if err != nil {
			return part{}, err
		}
		out.others = append(out.others, files...)
	}
	return out, nil
}

// back returns the packages of the workspace that an external package imports, itself or by way of others.
func (r *Reader) back(importPath string) ([]location, error) {
	if r.config.Elsewhere == nil {
		return nil, nil
	}
	dir, ok := r.config.Elsewhere(importPath)
	if !ok {
		return nil, nil
	}
	p, err := r.load(location{dir: dir, elsewhere: true})
	if err != nil {
		return nil, err
	}
	return p.build.imports, nil
}

// resolve returns the folder that an import path means, if it lies in the workspace.
func (r *Reader) resolve(importPath string) (at location, ok bool, err error) {
	module := r.workspace.ModuleOf(importPath)
	isMember := module != nil && r.workspace.Module(module.Name) == module
	if r.config.Vendored && !isMember && importPath != "C" && !isStandard(importPath) {
		return location{dir: path.Join(r.workspace.Vendor(), importPath)}, true, nil
	}
	if module == nil {
		return location{}, false, nil
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(importPath, module.Path), "/")
	dir := path.Join(module.Name, rest)
	for below := dir; below != module.Name; below = path.Dir(below) {
		boundary, err := r.isModule(below)
		if err != nil || boundary {
			return location{}, false, err
		}
	}
	return location{dir: dir, module: module}, true, nil
}

// isStandard says whether an import path can only be the standard library's: the go command keeps
// paths whose first element has no dot for it.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// IsSource says whether a build may read a file of this name beside those that are embedded.
func IsSource(name string) bool { return sourceExts[path.Ext(name)] }

// sourceExts are the file name endings that a build may read beside embedded files.
var sourceExts = set(".go .c .cc .cpp .cxx .m .h .hh .hpp .hxx .f .F .for .f90 .s .S .sx .swig .swigcxx .syso .pgo")
