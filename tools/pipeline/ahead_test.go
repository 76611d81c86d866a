//go:build unix

package pipeline_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/pipeline"
)

// toolexec is what the go command runs its tools with: it notes which packages are compiled.
const toolexec = `#!/bin/sh
case " $* " in
*" -V=full "*) ;;
*/compile\ *) echo "$TOOLEXEC_IMPORTPATH" >> LOG ;;
esac
exec "$@"
`

// Tasks that run at the same time have the go command compile what they have in common once, and so do those that wait for them.
func TestNothingIsCompiledTwice(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles a part of the standard library")
	}
	dir, state := t.TempDir(), t.TempDir()
	log := filepath.Join(state, "compiled")
	write(t, state, map[string]string{"toolexec": strings.ReplaceAll(toolexec, "LOG", log)})
	if err := os.Chmod(filepath.Join(state, "toolexec"), 0o700); err != nil {
		t.Fatal(err)
	}
	names := []string{"a", "b", "c", "d", "top"}
	files := libraries("import _ \"strings\"\n", names...)
	files["top/a.go"] = "package top\n\nimport (\n\t_ \"example.com/a\"\n\t_ \"unicode/utf16\"\n)\n"
	write(t, dir, files)
	p, err := pipeline.New(dir, pipeline.Task{Name: "build", DependsOn: []string{"^build"}, GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}}})
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "GOFLAGS=-toolexec="+filepath.Join(state, "toolexec"), "GOCACHE="+filepath.Join(state, "cache"), "GOWORK=", "CGO_ENABLED=0")
	if err := p.Run(t.Context(), pipeline.Options{Tasks: []string{"build"}, Concurrency: 4, Env: env, Stdout: io.Discard, Stderr: t.Output()}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	times := make(map[string]int)
	for name := range strings.Lines(string(text)) {
		if times[name]++; times[name] == 2 {
			t.Errorf("%q is compiled again", name)
		}
	}
	for _, m := range names {
		if times["example.com/"+m+"\n"] == 0 {
			t.Errorf("%s is not compiled", m)
		}
	}
}

// libraries is a workspace of modules with one file each, which has some code.
func libraries(code string, names ...string) map[string]string {
	files := map[string]string{"go.work": "go 1.26.0\n"}
	for _, m := range names {
		files["go.work"] += "use ./" + m + "\n"
		files[m+"/go.mod"] = "module example.com/" + m + "\ngo 1.26.0\n"
		files[m+"/a.go"] = "package " + m + "\n\n" + code
	}
	return files
}

// What goes wrong where several tasks are compiled together is said by the task that it is about, and the others succeed.
func TestMistakesAreThoseOfTheirTask(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := libraries("", "a", "b", "c")
	files["b/a.go"] = "package b\n\nvar x int = \"text\"\n"
	write(t, dir, files)
	p, err := pipeline.New(dir, pipeline.Task{Name: "build", GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}}})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	o := pipeline.Options{Tasks: []string{"build"}, Concurrency: 3, Continue: pipeline.ContinueAlways, Stdout: &out, Stderr: &out}
	if err := p.Run(t.Context(), o); err == nil {
		t.Error("b should fail")
	}
	if !strings.Contains(out.String(), "b#build: ./a.go:3:13: cannot use") || !strings.Contains(out.String(), "3 tasks: 0 cached, 2 run, 1 failed") {
		t.Errorf("the run says\n%s", &out)
	}
}

// What comes of compiling together counts for each task: it is what running them again would take.
func TestTimeSpentAheadIsShared(t *testing.T) {
	t.Parallel()
	dir, bin := t.TempDir(), t.TempDir()
	const wait = 300 * time.Millisecond
	write(t, bin, map[string]string{"go": fmt.Sprintf("#!/bin/sh\n[ \"$1\" != list ] || sleep %g\n", wait.Seconds())})
	if err := os.Chmod(filepath.Join(bin, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, libraries("", "a", "b", "c"))
	p, err := pipeline.New(dir, pipeline.Task{Name: "build", GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}}})
	if err != nil {
		t.Fatal(err)
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	env = append(env, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if err := p.Run(t.Context(), pipeline.Options{Tasks: []string{"build"}, Concurrency: 3, Env: env, Stdout: io.Discard, Stderr: t.Output()}); err != nil {
		t.Fatal(err)
	}
	durations, err := os.ReadFile(filepath.Join(dir, ".magpie", "durations.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"a", "b", "c"} {
		var took float64
		_, rest, _ := strings.Cut(string(durations), `"`+m+`#build":`)
		if _, err := fmt.Sscan(rest, &took); err != nil || took < wait.Seconds()/3 {
			t.Errorf("%s took %g s, %v, in %s", m, took, err, durations)
		}
	}
}
