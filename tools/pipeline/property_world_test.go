package pipeline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/golist"
	"magpie.build/tools/pipeline/internal/gosource"
	workspaces "magpie.build/tools/pipeline/internal/workspace"
	"magpie.build/tools/pipeline/internal/workspacetest"
)

// configurations are what tasks set. The first takes what the environment says.
var configurations = [][]string{
	nil,
	{"GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1", "GOFLAGS=-tags=special"},
	{"GOOS=windows", "GOARCH=arm64", "CGO_ENABLED=0"},
	{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-tags=race,other"},
}

// programs are built for this machine, whatever the environment says.
var programEnvironment = []string{"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH, "CGO_ENABLED=0", "GOAMD64=v1", "GOEXPERIMENT="}

// A world is a workspace on disk, with what is known of the states that it was in.
type world struct {
	t        *testing.T
	author   *workspacetest.Author
	root     string
	mirror   string   // the same files elsewhere, for the go command: their times are honest, so that it may trust its own index
	outside  []string // environment
	overlook string
	steps    int
	all      bool // look at all configurations at each step
	digests  bool // look only at what tasks wrote down, in the second configuration

	seen      map[string]bool // states in which a task ran, by task and state
	versions  string
	checksums map[string]bool // lines
	refusal   string          // what the go command said last where something does not build

	mu       sync.Mutex
	contents map[string]content // of files, as they are in this step

	ran, reused, built, refused int
}

func newWorld(t *testing.T, elsewhere []string, seed uint64) *world {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	author, err := workspacetest.New(seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := author.Tree.Write(root); err != nil {
		t.Fatal(err)
	}
	mirror, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, author: author, root: root, mirror: mirror, outside: elsewhere, seen: make(map[string]bool)}
	if seed%4 == 3 {
		w.vendor()
	}
	if err := author.Tree.Write(mirror); err != nil {
		t.Fatal(err)
	}
	return w
}

// vendor puts what comes from elsewhere into the workspace.
func (w *world) vendor() {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "go", "work", "vendor")
	cmd.Dir, cmd.Env = w.root, w.environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("go work vendor: %v\n%s", err, out)
	}
	files := make(map[string]string)
	err := filepath.WalkDir(filepath.Join(w.root, "vendor"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(w.root, name)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.author.Vendor(files)
}

// after does an edit to the files and checks.
func (w *world) after(ctx context.Context, e workspacetest.Edit) error {
	w.steps++
	var modified time.Time
	if w.steps%2 == 0 && (runtime.GOOS == "linux" || runtime.GOOS == "darwin") {
		modified = time.Unix(1_700_000_000, 0) // as if unpacked: only the inode tells
	}
	for _, op := range e.Ops {
		if err := errors.Join(op.Write(w.root, modified), op.Write(w.mirror, time.Time{})); err != nil {
			return err
		}
	}
	return w.check(ctx)
}

func (w *world) check(ctx context.Context) error {
	if w.all {
		for c := range configurations {
			if err := w.look(ctx, c); err != nil {
				return err
			}
		}
		return w.buildPrograms(ctx)
	}
	if w.digests {
		return w.look(ctx, 1)
	}
	if err := w.look(ctx, w.steps%len(configurations)); err != nil {
		return err
	}
	if w.steps%4 == 0 {
		return w.buildPrograms(ctx)
	}
	return nil
}

// environment is what is set for tasks and for the go command beside them.
func (w *world) environment(set ...string) []string {
	env := slices.Clone(w.outside)
	for name, value := range w.author.Tree.Env {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return append(env, set...)
}

// honest is environment for the mirror.
func (w *world) honest(set ...string) []string { return append(w.environment(set...), "GODEBUG=") }

// A reading is what one task of one module reads, by the go command's account.
type reading struct {
	golist.Set

	task   string // module#name
	module string
	env    []string
}

// look compares in one configuration.
func (w *world) look(ctx context.Context, configuration int) error {
	set := configurations[configuration]
	answer, err := golist.Ask(ctx, golist.Question{Root: w.mirror, Env: w.honest(set...)})
	if err != nil {
		w.refused++
		return nil //nolint:nilerr // the build reports what is wrong with the workspace
	}
	ws, err := workspaces.Load(w.root)
	if err != nil {
		return fmt.Errorf("the go command reads a workspace that the engine refuses: %w", err)
	}
	w.contents = make(map[string]content)
	if err := w.readVersions(); err != nil {
		return err
	}
	readings := make(map[string]reading)
	for _, m := range ws.Modules {
		for _, kind := range []string{"build", "test"} {
			ask := answer.Build
			if kind == "test" {
				ask = answer.Test
			}
			set, err := ask(m.Name)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("%s-%d", kind, configuration)
			readings[m.Name+"#"+name] = reading{Set: set, task: m.Name + "#" + name, module: m.Name}
		}
	}
	if !w.digests {
		if err := w.compareFiles(ws, configuration, readings); err != nil {
			return err
		}
	}
	return w.run(ctx, configuration, readings)
}

// compareFiles holds the engine's reader against the go command.
func (w *world) compareFiles(ws *workspaces.Workspace, configuration int, readings map[string]reading) error {
	settings, err := gokey.Read(w.environment(configurations[configuration]...))
	if err != nil {
		return err
	}
	config := settings.Source()
	config.Vendored = settings.Vendors() && ws.IsVendored()
	config.Elsewhere = ws.ModuleCache(settings.ModuleCache()).Folder
	reader := gosource.New(ws, config)
	for id, want := range readings {
		read := reader.Build
		if strings.Contains(id, "#test") {
			read = reader.Test
		}
		got, err := read(path.Join(want.module, "..."))
		if err != nil {
			return err
		}
		if missing := without(want.Files, got.Files); len(missing) > 0 {
			return fmt.Errorf("%s, %v: the go command reads %v, the engine does not", id, configurations[configuration], missing)
		}
		if extra := without(got.Files, want.Files); len(extra) > 0 && !want.Unsure {
			return fmt.Errorf("%s, %v: the engine reads %v, the go command does not", id, configurations[configuration], extra)
		}
	}
	return nil
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool {
		_, found := slices.BinarySearch(b, name)
		return found
	})
}

// run has the engine do tasks that write down a digest of all that they read.
func (w *world) run(ctx context.Context, configuration int, readings map[string]reading) error {
	var tasks []pipeline.Declaration
	var names []string
	ran := make(chan string, len(readings))
	for _, kind := range []string{"build", "test"} {
		name := fmt.Sprintf("%s-%d", kind, configuration)
		task := pipeline.Task{
			Name: name, Set: configurations[configuration], Env: []string{"PROOF_*"}, Inputs: []string{"conf/**"}, Outputs: []string{"out/" + name},
			Func: func(_ context.Context, c pipeline.Call) error {
				dir, err := filepath.Rel(c.Root, c.Dir)
				if err != nil {
					return err
				}
				r, ok := readings[filepath.ToSlash(dir)+"#"+name]
				if !ok {
					return fmt.Errorf("%s has a task that was not asked for", c.Dir)
				}
				r.env = c.Env
				ran <- r.task
				digest, err := w.digest(r)
				if err != nil {
					return err
				}
				if err := os.MkdirAll(filepath.Join(c.Dir, "out"), 0o750); err != nil {
					return err
				}
				return os.WriteFile(filepath.Join(c.Dir, "out", name), []byte(digest), 0o600)
			},
		}
		packages := []string{"./..."}
		if kind == "test" {
			task.GoTest = packages
		} else {
			task.GoBuild = packages
		}
		tasks, names = append(tasks, task), append(names, name)
	}
	said, err := w.engine(ctx, tasks, names)
	if err != nil {
		return fmt.Errorf("the engine fails: %w\n%s", err, said)
	}
	close(ran)
	again := make(map[string]bool)
	for task := range ran {
		again[task] = true
	}
	for id, r := range readings {
		r.env = w.environment(configurations[configuration]...)
		if err := w.judge(id, r, again[id]); err != nil {
			return fmt.Errorf("%w\nthe engine says:\n%s", err, said)
		}
	}
	return nil
}

// judge says whether a task was right to run, or not to.
func (w *world) judge(id string, r reading, ran bool) error {
	digest, err := w.digest(r)
	if err != nil {
		return err
	}
	made, err := os.ReadFile(filepath.Join(w.root, filepath.FromSlash(r.module), "out", strings.SplitN(id, "#", 2)[1]))
	if err != nil {
		return fmt.Errorf("%s has no output, ran: %v: %w", id, ran, err)
	}
	if string(made) != digest {
		return fmt.Errorf("false hit: %s did not run, though what it reads has changed:\n%s", id, difference(string(made), digest))
	}
	state, err := w.state(r, digest)
	if err != nil {
		return err
	}
	if ran && w.seen[state] && !r.Unsure {
		return fmt.Errorf("needless rerun: %s ran before with all that it reads as it is now", id)
	}
	w.seen[state] = true
	if ran {
		w.ran++
	} else {
		w.reused++
	}
	return nil
}

func difference(a, b string) string {
	var lines []string
	for _, line := range without(sortedLines(a), sortedLines(b)) {
		lines = append(lines, "- "+line)
	}
	for _, line := range without(sortedLines(b), sortedLines(a)) {
		lines = append(lines, "+ "+line)
	}
	return strings.Join(lines, "\n")
}

func sortedLines(text string) []string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return lines
}

// engine runs tasks in all modules that have them.
func (w *world) engine(ctx context.Context, tasks []pipeline.Declaration, names []string) (string, error) {
	p, err := pipeline.New(w.root, tasks...)
	if err != nil {
		return "", err
	}
	pipeline.Overlook(w.t, p, w.overlook)
	var out bytes.Buffer
	err = p.Run(ctx, pipeline.Options{Tasks: names, Env: w.environment(), Continue: pipeline.ContinueAlways, Stdout: io.Discard, Stderr: &out})
	return out.String(), err
}

// digest lists all that must decide about a task: source, modules from elsewhere with their checksums, declared inputs
// with links and modes, declared variables and the go command's.
func (w *world) digest(r reading) (string, error) {
	var b strings.Builder
	for _, name := range r.Files {
		fmt.Fprintf(&b, "%s %s\n", name, w.read(name).code)
	}
	fmt.Fprintf(&b, "modules %v\nsums %s\n", r.Modules, sum([]byte(w.sums(r, false))))
	if err := w.declared(&b, r.module); err != nil {
		return "", err
	}
	last := make(map[string]string)
	for _, v := range r.env {
		name, _, _ := strings.Cut(v, "=")
		last[name] = v
	}
	for _, name := range []string{"PROOF_VALUE", "GOOS", "GOARCH", "GOFLAGS", "GOAMD64", "GOEXPERIMENT"} {
		fmt.Fprintf(&b, "%s\n", last[name])
	}
	return b.String(), nil
}

// comments are those that edits change: what they say changes no program.
var comments = regexp.MustCompile(`(?m)^// (one|two|three)$`)

// A content is what a file holds: its sums as it is, and without comments.
type content struct{ whole, code string }

// read returns what a file holds, of a link what it leads to. What cannot be read holds nothing.
func (w *world) read(name string) content {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known, ok := w.contents[name]; ok {
		return known
	}
	text, err := os.ReadFile(filepath.Join(w.root, filepath.FromSlash(name)))
	if err != nil {
		text = nil
	}
	c := content{sum(text), sum(comments.ReplaceAll(text, []byte("//")))}
	w.contents[name] = c
	return c
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:8])
}

// sums returns the lines for the modules that the task reaches, out of all files of checksums, as the go command takes
// them together. With versions those of other versions are among them: it is the engine's right to count them.
func (w *world) sums(r reading, versions bool) string {
	var reached []string
	for line := range w.checksums {
		fields := strings.Fields(line)
		version, _ := strings.CutSuffix(fields[1], "/go.mod")
		if slices.ContainsFunc(r.Modules, func(m string) bool {
			name, selected, _ := strings.Cut(m, "@")
			return name == fields[0] && (versions || version == selected)
		}) {
			reached = append(reached, line)
		}
	}
	slices.Sort(reached)
	return strings.Join(reached, "\n")
}

// declared lists the files of the conf folder, which are inputs by name.
func (w *world) declared(b *strings.Builder, module string) error {
	conf := filepath.Join(w.root, filepath.FromSlash(module), "conf")
	err := filepath.WalkDir(conf, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		link, _ := os.Readlink(name) // none where it is a file
		rel, err := filepath.Rel(w.root, name)
		executable := info.Mode().IsRegular() && info.Mode()&0o111 != 0
		fmt.Fprintln(b, filepath.ToSlash(rel), executable, link, w.read(filepath.ToSlash(rel)).whole)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// state names all that may decide about a task: beside the digest, modes, comments, files for which the go command refuses to
// build, and what chooses the versions of modules.
func (w *world) state(r reading, digest string) (string, error) {
	var b strings.Builder
	b.WriteString(r.task + "\n" + digest)
	for _, name := range r.Files {
		info, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(name)))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&b, info.Mode(), w.read(name).whole)
	}
	for _, name := range r.Refused {
		fmt.Fprintln(&b, "refused", name, w.read(name).whole)
	}
	b.WriteString(w.sums(r, true) + w.versions)
	return sum([]byte(b.String())), nil
}

// readVersions notes what chooses the versions of modules, and their checksums.
func (w *world) readVersions() error {
	var b strings.Builder
	w.checksums = make(map[string]bool)
	err := filepath.WalkDir(w.root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch entry.Name() {
		case "go.sum", "go.work.sum":
			if strings.HasPrefix(name, filepath.Join(w.root, "third")) {
				return nil // what is replaced has no say
			}
			text, err := os.ReadFile(name)
			for line := range strings.Lines(string(text)) {
				if len(strings.Fields(line)) == 3 {
					w.checksums[strings.TrimSpace(line)] = true
				}
			}
			return err
		case "go.mod", "go.work":
			text, err := os.ReadFile(name)
			fmt.Fprintf(&b, "%s\n%s", name, bytes.ReplaceAll(text, []byte("// a comment\n"), nil))
			return err
		}
		return nil
	})
	w.versions = sum([]byte(b.String()))
	return err
}

// notBuilt stands for the sum of a program that does not build.
const notBuilt = "does not build"

// buildPrograms has the engine build the programs and compares them with those of a clean build.
func (w *world) buildPrograms(ctx context.Context) error {
	failure := w.comparePrograms(ctx)
	if failure == nil {
		return nil
	}
	if _, err := golist.Ask(ctx, golist.Question{Root: w.mirror, Env: w.honest(programEnvironment...)}); err != nil {
		return nil //nolint:nilerr // the go command refuses the workspace: nothing is promised then
	}
	return failure
}

func (w *world) comparePrograms(ctx context.Context) error {
	ws, err := workspaces.Load(w.root)
	if err != nil {
		return err
	}
	members := slices.DeleteFunc(w.author.Programs(), func(dir string) bool { return ws.Module(dir) == nil })
	program := pipeline.Task{
		Name: "program", Modules: members, GoBuild: []string{"."}, Set: programEnvironment, Outputs: []string{"out/program"},
		// Without what only debuggers read, linking takes half the time; the build's id, which tells all inputs apart, stays.
		Commands: [][]string{{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-w", "-tags=special", "-o", "out/program", "."}},
	}
	said, failed := w.engine(ctx, []pipeline.Declaration{program}, []string{"program"})
	for _, dir := range members {
		made := notBuilt
		if data, err := os.ReadFile(filepath.Join(w.root, filepath.FromSlash(dir), "out", "program")); err == nil {
			made = sum(data)
		}
		want, err := w.clean(ctx, dir, program.Commands[0])
		if err != nil {
			return err
		}
		// Old outputs stay when their renewal fails: only the error counts then.
		if want == notBuilt && failed != nil {
			continue
		}
		if want == notBuilt && made != want { // a machine under load may kill a compiler
			if want, err = w.clean(ctx, dir, program.Commands[0]); err != nil {
				return err
			}
		}
		if made != want {
			return fmt.Errorf("false hit: out/program of %s is %s, a clean build says %s %s\n%s", dir, made, want, w.refusal, said)
		}
		w.built++
	}
	return nil
}

// clean builds a program from nothing and returns its sum, or that it does not build.
func (w *world) clean(ctx context.Context, dir string, command []string) (string, error) {
	args := slices.Clone(command)
	to := filepath.Join(w.mirror, ".clean", "program")
	args[slices.Index(args, "-o")+1] = to
	if err := os.RemoveAll(filepath.Dir(to)); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = filepath.Join(w.mirror, filepath.FromSlash(dir))
	cmd.Env = w.honest(programEnvironment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.refusal = fmt.Sprintf("%v: %s", err, out)
		return notBuilt, nil
	}
	data, err := os.ReadFile(to)
	return sum(data), err
}
