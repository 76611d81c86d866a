// Package lint_test plants a finding in every module of the workspace and sees that it is reported: a
// linter that is switched off, or looks elsewhere, says "0 issues" just like one that found nothing.
package lint_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// habits is planted in every module. A want comment holds a part of the finding on its line; a line
// without one must have none.
const habits = `// Package planted holds what the linter must find.
package planted

import (
	"context"
	"fmt"
	"io"
	"log" // want "log through the"
	"log/slog"
	"math/rand" // want "use math/rand/v2"
	"os"
	"sync"
	"time"
)

type Bare struct { // want "should have a godoc"
	Field int
}

// PlantedStutter repeats the package's name.
type PlantedStutter struct{} // want "stutters"

// Locked shows its lock.
type Locked struct {
	sync.Mutex // want "sync.Mutex"
}

func init() { // want "gochecknoinits"
	log.Println(rand.Int()) // want "gosec"
}

// Habits are named when they slip in.
func Habits(a any, l *slog.Logger, n int, err error) {
	fmt.Println(a)            // want "write to the stream"
	time.Sleep(time.Second)   // want "wait for what you mean"
	_ = context.Background()  // want "take a context"
	os.Remove("x")            // want "errcheck"
	_ = a.(string)            // want "errcheck"
	_ = err == io.EOF         // want "errorlint"
	slog.Info("global")       // want "default logger"
	l.Info(fmt.Sprint(n))     // want "sloglint"
	l.Info("key", "badKey", n) // want "snake_case"
	for i := 0; i < n; i++ {  // want "modernize"
		_ = i
	}
	_ = n      //nolint // want "nolintlint"
	os.Exit(1) // want "return an error"
}
`

// arrows says who may import whom.
var arrows = map[string]string{
	"packages/config/arrow/arrow.go": `
import _ "magpie.build/apps/server/planted" // want "packages are shared by the apps"
import _ "magpie.build/tools/bench/planted" // want "packages stand below the tools"
`,
	"tools/bench/arrow/arrow.go": `
import _ "magpie.build/apps/server/planted" // want "tools read apps as data"
import _ "magpie.build/packages/config/planted" // want "nothing of the workspace is generated"
`,
	"apps/docs/arrow/arrow.go": `
import (
	_ "github.com/redis/rueidis" // want "only packages/pubsub/redis speaks to Redis"

	_ "magpie.build/packages/config/planted"
)
`,
	"packages/pubsub/redis/arrow.go": `
import _ "github.com/redis/rueidis"
`,
	"apps/server/internal/web/web.go": ``,
	"apps/server/main.go": `
import _ "magpie.build/apps/server/internal/web"

func main() {}
`,
	"apps/server/internal/chat/arrow.go": `
import _ "magpie.build/apps/server/internal/web" // want "nothing imports web but the program"
`,
	"apps/server/internal/realtime/arrow.go": `
import _ "magpie.build/apps/server/internal/chat" // want "knows nothing of what is said"
`,
}

func TestPlantedFindingsAreReportedInEachModule(t *testing.T) {
	house := plant(t)
	for _, module := range house.modules {
		t.Run(module, func(t *testing.T) {
			dir := filepath.Join(house.root, filepath.FromSlash(module))
			compare(t, dir, lint(t, dir))
		})
	}
}

// A house is a workspace with the real shape and configuration and only planted files.
type house struct {
	root    string
	modules []string // slash-separated folders
}

func plant(t *testing.T) house {
	t.Helper()
	top := filepath.Join("..", "..")
	h := house{root: t.TempDir()}
	for _, use := range uses.FindAllSubmatch(read(t, filepath.Join(top, "go.work")), -1) {
		h.modules = append(h.modules, string(use[1]))
	}
	h.write(t, ".golangci.yml", string(read(t, filepath.Join(top, ".golangci.yml"))))
	h.write(t, "rueidis/go.mod", "module github.com/redis/rueidis\n")
	h.write(t, "rueidis/rueidis.go", "// Package rueidis stands in for the client.\npackage rueidis\n")
	for _, module := range h.modules {
		h.write(t, module+"/go.mod", h.goMod(module))
		h.write(t, module+"/planted/planted.go", habits)
	}
	for file, imports := range arrows {
		name := filepath.Base(filepath.Dir(file))
		if strings.HasSuffix(file, "main.go") {
			name = "main"
		}
		h.write(t, file, fmt.Sprintf("// Package %s is planted.\npackage %s\n%s", name, name, imports))
	}
	return h
}

// goMod lets a module import each other one, so that an arrow can point the wrong way.
func (h house) goMod(module string) string {
	up := strings.Repeat("../", strings.Count(module, "/")+1)
	var b strings.Builder
	fmt.Fprintf(&b, "module magpie.build/%s\n\ngo 1.26.0\n", module)
	other := func(path, dir string) {
		fmt.Fprintf(&b, "require %s v0.0.0\nreplace %s => %s%s\n", path, path, up, dir)
	}
	for _, m := range h.modules {
		if m != module {
			other("magpie.build/"+m, m)
		}
	}
	other("github.com/redis/rueidis", "rueidis")
	return b.String()
}

func (h house) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(h.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lint runs the pinned linter and returns its findings by file and line.
func lint(t *testing.T, dir string) map[string][]string {
	t.Helper()
	pin, err := filepath.Abs("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+pin, "golangci-lint", "run",
		"--output.text.print-issued-lines=false", "--allow-parallel-runners")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("golangci-lint ended with %v, want exit code 1:\n%s", err, out)
	}
	findings := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if m := finding.FindStringSubmatch(line); m != nil {
			findings[m[1]] = append(findings[m[1]], m[2])
		}
	}
	return findings
}

var (
	uses    = regexp.MustCompile(`(?m)^\s+\./(\S+)$`)
	finding = regexp.MustCompile(`^(\S+\.go:\d+):\d+: (.*)`)
	wanted  = regexp.MustCompile(`// want "(.*)"`)
)

func compare(t *testing.T, dir string, findings map[string][]string) {
	t.Helper()
	root := filepath.Dir(filepath.Dir(dir))
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(read(t, path))) {
			n++
			at := fmt.Sprintf("%s:%d", filepath.ToSlash(name), n)
			want := wanted.FindStringSubmatch(line)
			got := findings[at]
			if want == nil && len(got) > 0 {
				t.Errorf("%s: unexpected %q", at, got)
			}
			if want != nil && !slices.ContainsFunc(got, regexp.MustCompile(want[1]).MatchString) {
				t.Errorf("%s: nothing reports %q, but %q", at, want[1], got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
