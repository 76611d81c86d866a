package bundle_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/packages/ui/bundle"
)

func TestEntriesBecomeSelfContainedFiles(t *testing.T) {
	o := project(t)
	if err := bundle.Write(o); err != nil {
		t.Fatal(err)
	}
	js := read(t, o.Out, "app.js")
	if strings.Contains(js, "import") || !strings.Contains(js, "grüezi") || strings.Contains(js, "string") {
		t.Errorf("app.js is %q: want the imported text in it, and no types", js)
	}
	css := read(t, o.Out, "app.css")
	if want := "@layer base{p{color:light-dark(red,blue)}}"; strings.TrimSpace(css) != want {
		t.Errorf("app.css is %q, want %q", css, want)
	}
	for name, content := range map[string]string{"app.js": js, "app.css": css} {
		if strings.Contains(content, "sourceMappingURL") || strings.Contains(content, "legal") || strings.Contains(content, o.Out) {
			t.Errorf("%s holds what depends on the machine or is for nobody: %q", name, content)
		}
	}
}

func TestSameSourcesGiveSameBytesInAnyFolder(t *testing.T) {
	one, other := project(t), project(t)
	if err := errors.Join(bundle.Write(one), bundle.Write(other)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app.js", "app.css"} {
		if read(t, one.Out, name) != read(t, other.Out, name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestCheckNamesWhatIsStaleAndWritesNothing(t *testing.T) {
	o := project(t)
	if err := bundle.Check(o); !errors.Is(err, bundle.ErrStale) || !strings.Contains(err.Error(), "app.css, app.js") {
		t.Errorf("before the first bundle: %v", err)
	}
	if _, err := os.Stat(o.Out); err == nil {
		t.Error("the check made the folder")
	}
	if err := errors.Join(bundle.Write(o), bundle.Check(o)); err != nil {
		t.Errorf("after bundling: %v", err)
	}
	write(t, filepath.Join(o.Out, "app.css"), "old")
	write(t, filepath.Join(o.Out, "gone.js"), "left over")
	err := bundle.Check(o)
	if !errors.Is(err, bundle.ErrStale) || !strings.HasSuffix(err.Error(), ": app.css, gone.js") {
		t.Errorf("a stale and a left-over file: %v", err)
	}
	if read(t, o.Out, "app.css") != "old" {
		t.Error("the check wrote")
	}
}

func TestWriteRemovesWhatNoEntryMakesAndLeavesFreshFilesAlone(t *testing.T) {
	o := project(t)
	if err := bundle.Write(o); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(o.Out, "gone.js"), "left over")
	before, err := os.Stat(filepath.Join(o.Out, "app.js"))
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(o.Out, "gone.js")); err == nil {
		t.Error("gone.js is still there")
	}
	if after, err := os.Stat(filepath.Join(o.Out, "app.js")); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("a fresh file was written again (%v)", err)
	}
}

func TestErrorsNameFileAndLineAndNothingIsWritten(t *testing.T) {
	o := project(t)
	write(t, o.Entries[0], "import './missing'\n")
	err := bundle.Write(o)
	if err == nil || !strings.Contains(err.Error(), "app.ts:1:7") || !strings.Contains(err.Error(), "./missing") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(o.Out); err == nil {
		t.Error("something was written")
	}
}

func TestTwoEntriesMayNotMakeOneFile(t *testing.T) {
	o := project(t)
	second := filepath.Join(t.TempDir(), "app.ts")
	write(t, second, "console.log(2)")
	o.Entries = append(o.Entries, second)
	if err := bundle.Write(o); err == nil || !strings.Contains(err.Error(), "app.js") {
		t.Errorf("the error is %v", err)
	}
}

// project writes a script and a style sheet that import others.
func project(t *testing.T) bundle.Options {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "app.ts"), "//! legal\nimport { hello } from './hello'\nconsole.log(hello('x'))\n")
	write(t, filepath.Join(dir, "hello.ts"), "export const hello = (name: string) => `grüezi ${name}`\n")
	write(t, filepath.Join(dir, "app.css"), "@import './p.css' layer(base);\n")
	write(t, filepath.Join(dir, "p.css"), "p { color: light-dark(red, blue) }\n")
	return bundle.Options{Entries: []string{filepath.Join(dir, "app.ts"), filepath.Join(dir, "app.css")}, Out: filepath.Join(dir, "dist")}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
