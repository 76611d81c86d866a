// Package gosource finds the files that `go build` and `go test` of packages of a workspace would
// read, without running the go command.
//
// [New] makes a [Reader]; [Reader.Build] and [Reader.Test] answer with [Inputs]. Imports are
// followed from package to package through every module whose source lies in the workspace, with
// or without a require directive, as the go command does; they end at the standard library and at
// modules that come from the module cache. What does not exist yet (a package that is still to be
// generated) is no error, and a file with a syntax error is an input all the same: the build that
// follows reports both better.
//
// Not among the inputs are go.work, go.mod, go.sum and their like, which decide the versions of
// other modules, and files that a program or a test opens by itself outside testdata.
package gosource

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"magpie.build/tools/pipeline/internal/workspace"
)

// Config is the build's configuration, as far as it decides which files are read. The zero value
// means the running system without cgo.
type Config struct {
	// GOOS and GOARCH are the target; empty means the running system's.
	GOOS, GOARCH string
	// Level is the architecture's level: the value of GOAMD64, GOARM64 or the like. Empty means the default.
	Level string
	// Experiments is the value of GOEXPERIMENT.
	Experiments string
	// CGO says whether cgo is on.
	CGO bool
	// Tags are those of -tags, and "race", "msan" or "asan" where such a flag is given.
	Tags []string
	// Vendored says that packages of modules that are no members are read from the workspace's folder vendor.
	Vendored bool
	// Elsewhere returns the folder of an external package that may import packages of the workspace in turn, relative to
	// the root, and false for all others. Nil means that there are none. It may be called from many goroutines.
	Elsewhere func(importPath string) (dir string, ok bool)
	// Headers remembers headers between readers. Nil means that every file is read.
	Headers Headers
	// Memo remembers what the files of a folder say between readers, see [hash.Index.Memo]. Nil means that nothing is
	// remembered. It needs Headers that are notes of the same index, and may be called from many goroutines.
	Memo func(dir, label string, derive func() (text string, isSo bool, err error)) (string, error)
	// ReadDir lists a folder, given by its name relative to the root, sorted by name. Nil means
	// the file system. It may be called from many goroutines.
	ReadDir func(dir string) ([]fs.DirEntry, error)
}

// Headers remembers what the beginning of files says, so that an unchanged file need not be read.
// Names are relative to the root; whether a file is still the one that was stored is the
// implementation's to know, by its content's hash. It may be called from many goroutines.
type Headers interface {
	Load(name string) (Header, bool)
	Store(name string, content []byte, header Header)
}

// Reader reads packages of one workspace in one configuration, each once: it answers from the
// tree as it was when a folder was first asked for. After files have changed, make a new one. It
// may be used from many goroutines.
type Reader struct {
	workspace *workspace.Workspace
	config    Config
	tags      map[string]bool
	label     string   // of what is remembered of folders
	modules   sync.Map // name → *known
	digests   digests
}

// New returns a reader of the workspace's packages.
func New(ws *workspace.Workspace, config Config) *Reader {
	if config.ReadDir == nil {
		config.ReadDir = func(dir string) ([]fs.DirEntry, error) { return os.ReadDir(ws.Abs(dir)) }
	}
	r := &Reader{workspace: ws, config: config, digests: digests{closures: make(map[string]*closureSum)}}
	r.tags = buildTags(&r.config)
	r.label = r.memoLabel()
	return r
}

// Inputs are the files that a build or a test reads.
type Inputs struct {
	// Files are relative to the root, with slashes, sorted.
	Files []string
	// Modules are the names of the modules that these files belong to, sorted.
	Modules []string
	// External are the import paths, among those of these files, that neither the workspace nor
	// the standard library has, sorted.
	External []string
	// Torn are the folders whose Go files, those of tests too, do not all say the same package, sorted: the go command
	// refuses them.
	Torn []string
}

// Build returns what `go build` of the packages reads. A package is a folder relative to the
// root; "apps/server/..." means the folder and those below it that the go command would match. A
// folder outside every module is an error.
func (r *Reader) Build(dirs ...string) (Inputs, error) {
	c, err := r.build(dirs)
	if err != nil {
		return Inputs{}, err
	}
	return c.inputs(), nil
}

// Test returns what `go test` of the packages reads: beside what Build returns, their test files,
// what these import, and the whole of their testdata folders.
func (r *Reader) Test(dirs ...string) (Inputs, error) {
	c, err := r.build(dirs)
	if err != nil {
		return Inputs{}, err
	}
	for _, at := range c.named {
		if err := c.addTests(at); err != nil {
			return Inputs{}, err
		}
	}
	return c.inputs(), nil
}

func (r *Reader) build(dirs []string) (*closure, error) {
	named, err := r.match(dirs)
	if err != nil {
		return nil, err
	}
	c := r.closure()
	c.named = named
	for _, at := range named {
		if err := c.add(at); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// match resolves folders and patterns to the folders of packages.
func (r *Reader) match(dirs []string) ([]location, error) {
	var named []location
	for _, dir := range dirs {
		base, all := strings.CutSuffix(dir, "...")
		base = path.Clean(base)
		module := r.workspace.Containing(base)
		if module == nil {
			return nil, fmt.Errorf("read Go packages of %q: no module of the workspace has this folder", dir)
		}
		if !all {
			named = append(named, location{dir: base, module: module})
			continue
		}
		below, err := r.below(module, base)
		if err != nil {
			return nil, err
		}
		named = append(named, below...)
	}
	return named, nil
}

// Imported returns the names of the modules whose packages the packages import, sorted.
func (r *Reader) Imported(dirs ...string) ([]string, error) {
	named, err := r.match(dirs)
	if err != nil {
		return nil, err
	}
	var modules []string
	for _, at := range named {
		p, err := r.load(at)
		if err != nil {
			return nil, err
		}
		for _, imported := range p.build.imports {
			if imported.module != nil {
				modules = append(modules, imported.module.Name)
			}
		}
	}
	slices.Sort(modules)
	return slices.Compact(modules), nil
}
