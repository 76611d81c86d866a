package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gotest"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
)

// A testRun is a task whose packages are tested and kept one by one.
//
// The result of a package lies under a key of two steps. The first, its files key, is known beforehand: all that the
// key of a task holds, with the closure of this package alone. Under it lies what its tests read when they last ran.
// That leads to the second: the files key, with what those files and variables hold now.
type testRun struct {
	session  *session
	node     *node
	command  *gotest.Command
	env      []string
	packages []*testPackage
}

// A testPackage is one package of a testRun.
type testPackage struct {
	dir    string // relative to the root
	files  hash.Key
	result *testResult // nil until it has passed
}

// A testResult is what is kept of a package that passed.
type testResult struct {
	log, profile []byte
	took         time.Duration
}

// test brings a task about that is kept by package.
func (s *session) test(ctx context.Context, n *node, key hash.Key) ending {
	t, err := s.newTestRun(n)
	if err != nil {
		return ending{err: err}
	}
	var log []byte
	var took time.Duration
	for _, p := range t.packages {
		if !s.options.Force && s.options.access.read && !s.audited() {
			t.look(p)
		}
		if p.result != nil {
			log = append(log, p.result.log...)
			took += p.result.took
		}
	}
	e := ending{hit: true, log: log, took: took}
	if missing := t.missing(); len(missing) > 0 {
		s.announce(n, key)
		if kept := len(t.packages) - len(missing); kept > 0 {
			s.explainStart(n, "%d of %d packages are cached", kept, len(t.packages))
		}
		e = t.run(ctx)
	} else {
		s.replay(n, key, log)
	}
	if e.err == nil {
		e.err = t.writeProfile()
	}
	if e.err != nil {
		return e
	}
	outputs, err := s.outputs(n)
	if err != nil {
		e.err = err
		return e
	}
	if !e.hit {
		s.note(n, key)
	}
	s.settle(n, key, outputs)
	return e
}

// forecastTests is forecast for a task that is kept by package.
func (s *session) forecastTests(n *node) forecast {
	t, err := s.newTestRun(n)
	if err != nil || s.options.Force || !s.options.access.read {
		return forecast{status: runs, because: n.id}
	}
	artifact := &cache.Artifact{}
	for _, p := range t.packages {
		if t.look(p); p.result == nil {
			return forecast{status: runs, because: n.id}
		}
		artifact.Duration += p.result.took
	}
	return forecast{status: cached, artifact: artifact}
}

func (s *session) newTestRun(n *node) (*testRun, error) {
	command, err := gotest.Parse(n.Commands[0], n.GoTest)
	if err != nil {
		return nil, err
	}
	t := &testRun{session: s, node: n, command: command, env: s.environment(n)}
	source, err := s.source(hash.New("unused"), n, t.env)
	if err != nil {
		return nil, err
	}
	dirs, err := source.Packages(source.test...)
	if err != nil {
		return nil, err
	}
	common, err := t.common()
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		p := &testPackage{dir: dir}
		if p.files, err = t.filesKey(common, dir); err != nil {
			return nil, fmt.Errorf("work out what the tests of %s depend on: %w", dir, err)
		}
		t.packages = append(t.packages, p)
	}
	return t, nil
}

func (t *testRun) missing() []*testPackage {
	return slices.DeleteFunc(slices.Clone(t.packages), func(p *testPackage) bool { return p.result != nil })
}

// common is what the files keys of all packages hold.
func (t *testRun) common() (hash.Key, error) {
	s, n := t.session, t.node
	h, err := s.begin(n)
	if err != nil {
		return hash.Key{}, err
	}
	files, err := s.globbed(n)
	if err != nil {
		return hash.Key{}, err
	}
	if err := (sums{pipeline: s.pipeline}).Add(h, files); err != nil {
		return hash.Key{}, err
	}
	if err := s.addLeftOut(h, n); err != nil {
		return hash.Key{}, err
	}
	return h.Key(), nil
}

// filesKey is the first step of a package's key.
func (t *testRun) filesKey(common hash.Key, dir string) (hash.Key, error) {
	h := hash.New("magpie test files 1")
	h.Add("common", string(common[:]))
	source, err := t.session.source(h, t.node, t.env)
	if err != nil {
		return hash.Key{}, err
	}
	if err := source.AddTest(h, source.sums, dir); err != nil {
		return hash.Key{}, err
	}
	return h.Key(), nil
}

// name tells what is kept of a package from what is kept of tasks.
func (t *testRun) name(p *testPackage, what string) string {
	return t.node.id + " " + what + " " + p.dir
}

// look looks a package up.
func (t *testRun) look(p *testPackage) {
	c := t.session.cache
	known, err := c.Look(t.name(p, "reads"), p.files)
	if err != nil {
		return // broken is as good as missing: its tests run
	}
	r := packed.Reader{Data: string(known.Log)}
	reads := r.Strings()
	if r.Broken || len(reads)%2 != 0 {
		return
	}
	key, err := t.resultKey(p, reads)
	if err != nil {
		return
	}
	found, err := c.Look(t.name(p, "result"), key)
	if err != nil {
		return
	}
	r = packed.Reader{Data: string(found.Log)}
	result := &testResult{log: []byte(r.String()), profile: []byte(r.String()), took: found.Duration}
	if !r.Broken {
		p.result = result
	}
}

// resultKey is the second step of a package's key. Reads are kinds and names in turn.
func (t *testRun) resultKey(p *testPackage, reads []string) (hash.Key, error) {
	h := hash.New("magpie tests 1")
	h.Add("files", string(p.files[:]))
	for read := range slices.Chunk(reads, 2) {
		if err := t.addRead(h, read[0], read[1]); err != nil {
			return hash.Key{}, err
		}
	}
	return h.Key(), nil
}

// addRead adds what a variable, a file or a folder holds. Names of files are relative to the root.
func (t *testRun) addRead(h *hash.Hasher, kind, name string) error {
	if kind == "getenv" {
		i := slices.IndexFunc(t.env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		if i < 0 {
			h.Add("no variable", name)
		} else {
			h.Add("variable", t.env[i])
		}
		return nil
	}
	index := t.session.pipeline.index
	full := t.session.pipeline.workspace.Abs(name)
	info, err := os.Stat(full)
	switch {
	case hash.Missing(err):
		h.Add("nothing", name)
		return nil
	case err != nil:
		return err
	case info.IsDir() && kind == "stat":
		h.Add("folder", name)
		return nil
	case info.IsDir():
		entries, err := index.ReadDir(name)
		if err != nil {
			return err
		}
		h.Add("listing", name)
		for _, entry := range entries {
			h.Add("entry", entry.Name(), entry.Type().String())
		}
		return nil
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: %w", full, fs.ErrInvalid)
	}
	return sums{pipeline: t.session.pipeline}.Add(h, []string{name})
}

// run tests the packages that are missing, and once more those that failed, as often as the task may be retried.
func (t *testRun) run(ctx context.Context) ending {
	s, n := t.session, t.node
	if err := s.awaitServices(ctx, n); err != nil {
		return ending{err: err}
	}
	if waited, err := s.turn.take(ctx); err != nil {
		return ending{err: err}
	} else if waited {
		return s.perform(ctx, n)
	}
	log := s.log(n, 0)
	started := time.Now()
	var err error
	for tries := 1; ; tries++ {
		if err = t.attempt(ctx, log); err == nil || tries > n.Retries || ctx.Err() != nil {
			break
		}
		s.printer.Warn("%s failed and is tried again (%d of %d): %v", n.id, tries, n.Retries, err)
	}
	s.pipeline.written(n)
	e := ending{err: err, log: log.Close(), took: time.Since(started)}
	if ctx.Err() != nil {
		e.err = context.Cause(ctx)
	}
	return e
}

func (t *testRun) attempt(ctx context.Context, log interface{ Write([]byte) (int, error) }) (err error) {
	s, n := t.session, t.node
	observer, err := gotest.Observe(s.cache.Temp())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, observer.Close()) }()
	var words []string
	for _, p := range t.missing() {
		words = append(words, t.word(p))
	}
	_, verbose := t.command.Flag("v")
	splitter := gotest.NewSplitter(log, verbose)
	part := *n
	part.really = [][]string{t.command.For(observer.Exec(), words...)}
	watched, err := s.watched(&part)
	if err != nil {
		return err
	}
	started := time.Now()
	failed := s.runWithInput(ctx, watched.node, splitter)
	observed, err := observer.Observed()
	if err != nil {
		return errors.Join(failed, err)
	}
	if failed == nil {
		failed = watched.undeclared(n, t.seen(observed))
	}
	if failed == nil || len(watched.logs) == 0 {
		t.take(splitter.Results(), observed, started)
	}
	return failed
}

// seen are the files of the workspace that test programs said they read: not what others read that they started.
func (t *testRun) seen(observed map[string]gotest.Observation) map[string]bool {
	files := make(map[string]bool)
	for _, o := range observed {
		for _, read := range o.Reads {
			if rel, err := t.session.pipeline.workspace.Rel(read.Name); err == nil {
				files[rel] = true
			}
		}
	}
	return files
}

// word is how a package is named to the go command.
func (t *testRun) word(p *testPackage) string {
	rel, err := filepath.Rel(t.node.module.Dir, t.session.pipeline.workspace.Abs(p.dir))
	if err != nil {
		return t.importPath(p)
	}
	return "./" + filepath.ToSlash(rel)
}

func (t *testRun) importPath(p *testPackage) string {
	m := t.session.pipeline.workspace.Containing(p.dir)
	return path.Join(m.Path, strings.TrimPrefix(strings.TrimPrefix(p.dir, m.Name), "/"))
}

// take keeps the results of packages that passed.
func (t *testRun) take(results []gotest.Result, observed map[string]gotest.Observation, started time.Time) {
	byPath := make(map[string]gotest.Result, len(results))
	for _, r := range results {
		byPath[r.Package] = r
	}
	for _, p := range t.missing() {
		r, ok := byPath[t.importPath(p)]
		if !ok || !r.Passed {
			continue
		}
		seen, ran := observed[t.session.pipeline.workspace.Abs(p.dir)]
		p.result = &testResult{log: r.Log, profile: seen.Profile, took: time.Since(started)}
		if !ran && !bytes.Contains(r.Log, []byte("[no test")) {
			continue // nobody knows what it read
		}
		t.keep(p, seen.Reads, started)
	}
}

// keep has a package stored, unless it read what changed meanwhile, by its own hand or another's.
func (t *testRun) keep(p *testPackage, observed []gotest.Read, started time.Time) {
	s := t.session
	if !s.options.access.write {
		return
	}
	var reads []string
	for _, read := range observed {
		name := read.Name
		if read.Kind == "getenv" && name == "PWD" {
			continue // the go command sets it to the package's folder
		}
		if read.Kind != "getenv" {
			rel, err := s.pipeline.workspace.Rel(name)
			if err != nil || !filepath.IsLocal(filepath.FromSlash(rel)) || glob.Within(".magpie", rel) {
				continue // outside the workspace
			}
			if info, err := os.Stat(name); err == nil && !info.ModTime().Before(started) {
				return
			}
			name = rel
		}
		reads = append(reads, read.Kind, name)
	}
	files, result := p.files, p.result
	s.keeper.add(product{
		what: t.node.id + " " + p.dir, key: files,
		again: func() (hash.Key, error) {
			common, err := t.common()
			if err != nil {
				return hash.Key{}, err
			}
			return t.filesKey(common, p.dir)
		},
		store: func() error {
			key, err := t.resultKey(p, reads)
			if err != nil {
				return err
			}
			text := packed.AppendString(packed.AppendString(nil, string(result.log)), string(result.profile))
			if err := s.cache.Store(key, cache.Recipe{Task: t.name(p, "result"), Duration: result.took, Log: text}, nil); err != nil {
				return err
			}
			log := packed.AppendStrings(nil, reads)
			last, lastKey := lastReads(t.node.id, p.dir)
			if err := s.cache.Store(lastKey, cache.Recipe{Task: last, Log: log}, nil); err != nil {
				return err
			}
			return s.cache.Store(files, cache.Recipe{Task: t.name(p, "reads"), Log: log}, nil)
		},
	})
}

// writeProfile merges the coverage profiles of all packages into the file that the command names.
func (t *testRun) writeProfile() error {
	name, ok := t.command.Flag("coverprofile")
	if !ok {
		return nil
	}
	var profiles [][]byte
	for _, p := range t.packages {
		profiles = append(profiles, p.result.profile)
	}
	merged, err := gotest.Merge(profiles)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.node.module.Dir, filepath.FromSlash(name))
	}
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, merged) {
		return nil
	}
	defer t.session.pipeline.written(t.node)
	return hash.WriteFile(name, merged)
}
