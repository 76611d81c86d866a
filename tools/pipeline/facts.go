package pipeline

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/ignore"
	"magpie.build/tools/pipeline/internal/workspace"
)

// facts are what has been read of the workspace so far, for all tasks together. They are dropped whenever a task may have
// changed it.
type facts struct {
	pipeline *Pipeline
	versions func() (hash.Key, error)
	ignored  *ignore.Tree

	mu        sync.Mutex
	readers   map[string]*gosource.Reader
	settings  map[string]func() (*goSettings, error)
	checksums map[string]func() (*gokey.Checksums, error) // by module cache
	alone     map[string]*workspace.Workspace             // by module, see [workspace.Workspace.Alone]
}

// goSettings are what the go command is told in one environment.
type goSettings struct {
	*gokey.Settings

	key     hash.Key
	config  gosource.Config
	modules string // the module cache
}

// source returns which files a build with these settings takes, under the further tags.
func (s *goSettings) source(tags ...string) gosource.Config {
	c := s.config
	c.Tags = slices.Concat(tags, c.Tags)
	return c
}

// sourceIn is source for a workspace that may be another than the settings were read for.
func (s *goSettings) sourceIn(ws, own *workspace.Workspace, tags ...string) gosource.Config {
	c := s.source(tags...)
	if ws != own {
		c.Vendored = s.Vendors() && ws.IsVendored()
		if s.modules != "" {
			c.Elsewhere = ws.ModuleCache(s.modules).Folder
		}
	}
	return c
}

func (p *Pipeline) newFacts() *facts {
	return &facts{
		pipeline:  p,
		versions:  sync.OnceValues(func() (hash.Key, error) { return gokey.Versions(p.workspace, p.index) }),
		ignored:   ignore.New(p.index.ReadDir, func(name string) ([]byte, error) { return os.ReadFile(p.workspace.Abs(name)) }),
		readers:   make(map[string]*gosource.Reader),
		settings:  make(map[string]func() (*goSettings, error)),
		checksums: make(map[string]func() (*gokey.Checksums, error)),
		alone:     make(map[string]*workspace.Workspace),
	}
}

// sums returns what hashes files for keys of tasks with these settings.
func (f *facts) sums(s *goSettings) sums {
	f.mu.Lock()
	defer f.mu.Unlock()
	read := f.checksums[s.modules]
	if read == nil {
		read = sync.OnceValues(func() (*gokey.Checksums, error) { return f.readChecksums(s.modules) })
		f.checksums[s.modules] = read
	}
	return sums{f.pipeline, read}
}

// readChecksums takes what was read before wherever that still holds.
func (f *facts) readChecksums(modules string) (*gokey.Checksums, error) {
	p := f.pipeline
	versions, err := f.versions()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	earlier := p.checksums[modules]
	p.mu.Unlock()
	read, err := gokey.ReadChecksums(p.workspace, p.index, versions, modules, p.checksumsFile(), earlier)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checksums[modules] = read
	return read, nil
}

// checksumsFile is where checksums are kept.
func (p *Pipeline) checksumsFile() string { return filepath.Join(p.state, "checksums") }

// read returns the facts that hold now.
func (p *Pipeline) read() *facts {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.facts == nil {
		p.facts = p.newFacts()
	}
	return p.facts
}

// forget drops the facts.
func (p *Pipeline) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.facts = nil
	p.index.Forget()
}

// written drops what a task may have changed: it writes its outputs, and whatever it likes in its own module. One
// that is not cached, or is Go code, may be there to write anywhere.
func (p *Pipeline) written(n *node) {
	if n.Uncached || n.Interactive || n.Func != nil || n.module.Name == "." {
		p.forget()
		return
	}
	if p.sumsWritten(n.module.Name) {
		p.forget() // they count wherever in the workspace they are
		return
	}
	p.drop(n.module.Name)
}

// drop drops the facts about a folder. Readers are made to forget while no lock is held: one that is at work may ask for facts itself.
func (p *Pipeline) drop(dir string) {
	for {
		p.mu.Lock()
		before := p.facts
		p.mu.Unlock()
		if before == nil {
			return
		}
		left := before.without(dir)
		p.mu.Lock()
		same := p.facts == before
		if same {
			p.facts = left
		}
		p.mu.Unlock()
		if same {
			return
		}
	}
}

// sumsWritten makes the index look again at a folder, and reports whether a go.sum below it is another than it was.
func (p *Pipeline) sumsWritten(dir string) bool {
	sums := make(map[string]hash.Content)
	for name := range p.members {
		if glob.Within(dir, name) {
			file := path.Join(name, "go.sum")
			before, _ := p.index.File(file) // none is nothing
			sums[file] = before.Content
		}
	}
	p.index.ForgetBelow(dir)
	for file, before := range sums {
		if now, _ := p.index.File(file); now.Content != before {
			return true
		}
	}
	return false
}

// without returns the facts that still hold when files in a folder may have changed.
func (f *facts) without(dir string) *facts {
	left := f.pipeline.newFacts()
	f.mu.Lock()
	left.readers, left.settings = maps.Clone(f.readers), maps.Clone(f.settings)
	readers := slices.Collect(maps.Values(f.readers))
	f.mu.Unlock()
	for _, reader := range readers {
		reader.Forget(dir)
	}
	return left
}

// configID tells configurations apart.
func configID(c gosource.Config) string {
	return fmt.Sprintf("%q", []any{c.GOOS, c.GOARCH, c.Level, c.Experiments, c.CGO, c.Vendored, c.Tags})
}

// reader returns the reader of a workspace for settings under further tags, the same for equal ones.
func (f *facts) reader(ws *workspace.Workspace, s *goSettings, tags ...string) *gosource.Reader {
	c := s.sourceIn(ws, f.pipeline.workspace, tags...)
	f.mu.Lock()
	defer f.mu.Unlock()
	id := s.modules + ws.ID() + configID(c)
	if f.readers[id] == nil {
		c.Headers, c.ReadDir, c.Memo = f.pipeline.headers, f.pipeline.index.ReadDir, f.pipeline.index.Memo
		f.readers[id] = gosource.New(ws, f.pipeline.overlooks.source(c))
	}
	return f.readers[id]
}

// workspaceOf returns the workspace as a task's commands see it: under GOWORK=off that is the module alone.
func (f *facts) workspaceOf(n *node, s *goSettings) (*workspace.Workspace, error) {
	isOwn := func(dir string) bool {
		return f.pipeline.workspace.Containing(strings.TrimSuffix(dir, "/...")) == n.module
	}
	if !s.IsAlone() || !all(n.packages(n.GoBuild), isOwn) || !all(n.packages(n.GoTest), isOwn) {
		return f.pipeline.workspace, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.alone[n.module.Name] == nil {
		ws, err := f.pipeline.workspace.Alone(n.module)
		if err != nil {
			return nil, err
		}
		f.alone[n.module.Name] = ws
	}
	return f.alone[n.module.Name], nil
}

func all(list []string, good func(string) bool) bool {
	return !slices.ContainsFunc(list, func(one string) bool { return !good(one) })
}

// goSettings returns the go command's settings in an environment, read once.
func (f *facts) goSettings(env []string) (*goSettings, error) {
	id := strings.Join(env, "\x00")
	f.mu.Lock()
	read := f.settings[id]
	if read == nil {
		env = slices.Clone(env)
		read = sync.OnceValues(func() (*goSettings, error) {
			settings, err := gokey.Read(env)
			if err != nil {
				return nil, err
			}
			h := hash.New("go settings")
			if err := settings.Add(h, f.pipeline.index); err != nil {
				return nil, err
			}
			source := settings.Source()
			source.Vendored = settings.Vendors() && f.pipeline.workspace.IsVendored()
			modules := settings.ModuleCache()
			if modules != "" {
				source.Elsewhere = f.pipeline.workspace.ModuleCache(modules).Folder
			}
			return &goSettings{settings, h.Key(), source, modules}, nil
		})
		f.settings[id] = read
	}
	f.mu.Unlock()
	return read()
}
