package pipeline_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/workspacetest"
)

var (
	propertyEdits = flag.Int("property.edits", 200, "how many random edits the property tests make")
	propertySeed  = flag.Uint64("property.seed", 1, "the first seed of the property tests")
)

// editsPerWorkspace is how long a workspace lives: long enough for states to come back.
const editsPerWorkspace = 50

// 0 false hits, 0 needless reruns: after every random edit of random workspaces, the engine reads the files that the go
// command reads, runs what they changed and nothing else, and leaves the outputs of a clean build.
func TestEngineAgreesWithTheGoCommandAfterEveryEdit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks the go command after each edit")
	}
	needGo(t)
	elsewhere := serveElsewhere(t)
	for n := 0; n*editsPerWorkspace < *propertyEdits; n++ {
		seed := *propertySeed + uint64(n)
		edits := min(editsPerWorkspace, *propertyEdits-n*editsPerWorkspace)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			sequence, failure := provoke(t, elsewhere, seed, edits)
			if failure == nil {
				return
			}
			shortest, failure := shorten(t, elsewhere, seed, sequence, failure)
			t.Errorf("%v\nshortest sequence of edits that leads there:\n%s\nrepeat it: go test -run='%s' -property.seed=%d -property.edits=%d .",
				failure, listed(shortest), strings.Split(t.Name(), "/")[0], seed, edits)
		})
	}
}

// provoke edits a workspace until the engine is wrong, and returns the edits that were made and what was wrong.
func provoke(t *testing.T, elsewhere []string, seed uint64, edits int) ([]workspacetest.Edit, error) {
	t.Helper()
	w := newWorld(t, elsewhere, seed)
	if failure := w.check(t.Context()); failure != nil {
		return nil, failure
	}
	var sequence []workspacetest.Edit
	for range edits {
		e := w.author.Edit()
		sequence = append(sequence, e)
		if failure := w.after(t.Context(), e); failure != nil {
			return sequence, failure
		}
	}
	t.Logf("%d edits: %d tasks ran, %d came from the cache, %d programs were built, %d states that the go command refuses", edits, w.ran, w.reused, w.built, w.refused)
	return sequence, nil
}

// shorten leaves out edits for as long as something goes wrong without them, for at most a minute.
func shorten(t *testing.T, elsewhere []string, seed uint64, sequence []workspacetest.Edit, failure error) ([]workspacetest.Edit, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for size := len(sequence) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(sequence) && ctx.Err() == nil; {
			fewer := slices.Concat(sequence[:from], sequence[from+size:])
			found := replay(ctx, t, elsewhere, seed, fewer)
			if found == nil {
				from += size
				continue
			}
			sequence, failure = fewer, found
		}
	}
	return sequence, failure
}

// replay makes edits in a new workspace and looks at all configurations after each.
func replay(ctx context.Context, t *testing.T, elsewhere []string, seed uint64, edits []workspacetest.Edit) error {
	t.Helper()
	w := newWorld(t, elsewhere, seed)
	w.all = true
	if failure := w.check(ctx); failure != nil {
		return failure
	}
	for _, e := range edits {
		w.author.Tree.Apply(e)
		if failure := w.after(ctx, e); failure != nil && ctx.Err() == nil {
			return failure
		}
	}
	return nil
}

func listed(edits []workspacetest.Edit) string {
	var b strings.Builder
	for i, e := range edits {
		fmt.Fprintf(&b, "%d. %s\n", i+1, e)
	}
	return b.String()
}

func needGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command on PATH")
	}
}

// serveElsewhere returns the variables under which the go command finds the modules that workspaces require.
func serveElsewhere(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	if err := workspacetest.Proxy(filepath.Join(dir, "proxy")); err != nil {
		t.Fatal(err)
	}
	proxy := filepath.ToSlash(filepath.Join(dir, "proxy"))
	if runtime.GOOS == "windows" {
		proxy = "/" + proxy
	}
	goCache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{
		"GOPROXY=file://" + proxy, "GOSUMDB=off", "GOMODCACHE=" + filepath.Join(dir, "modules"), "GOCACHE=" + strings.TrimSpace(string(goCache)),
		"GOENV=off", "GOTOOLCHAIN=local", "GOWORK=",
		"GODEBUG=goindex=0", // the go command's own index takes a file of the same size and time for the same
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "COMSPEC", "PATHEXT"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	// Keys may differ between an empty module cache and a filled one, and workspaces that are tested at once share it.
	download := exec.CommandContext(t.Context(), "go", append([]string{"mod", "download"}, workspacetest.Modules()...)...)
	download.Dir, download.Env = dir, env
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("fill the module cache: %v\n%s", err, out)
	}
	return env
}
