package pipeline_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
)

// testedTree is a module with three packages, and one that it imports.
func testedTree() map[string]string {
	return map[string]string{
		"go.work":               "go 1.26.0\nuse ./a\nuse ./b\n",
		"b/go.mod":              "module example.com/b\ngo 1.26.0\n",
		"b/b.go":                "package b\n\nconst B = 1\n",
		"a/go.mod":              "module example.com/a\ngo 1.26.0\nrequire example.com/b v0.0.0\nreplace example.com/b => ../b\n",
		"a/one/one.go":          "package one\n\nimport \"example.com/b\"\n\nfunc One() int { return b.B }\n",
		"a/one/one_test.go":     "package one\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) { t.Log(\"talk\"); if One() > 5 { t.Fatal(\"too many\") } }\n",
		"a/two/two.go":          "package two\n\nfunc Two() int { return 2 }\n",
		"a/two/two_test.go":     "package two\n\nimport (\"os\"; \"testing\")\n\nfunc TestTwo(t *testing.T) { Two(); os.Getenv(\"LANG\"); if _, err := os.ReadFile(\"../shared/words.txt\"); err != nil { t.Fatal(err) }; _, _ = os.ReadDir(\"../shared\") }\n",
		"a/shared/words.txt":    "words",
		"a/three/three.go":      "package three\n",
		"a/unread/unread.txt":   "x",
		"a/one/testdata/x.txt":  "x",
		"elsewhere/outside.txt": "x",
	}
}

// testTask runs the tests of module a and returns what the run said and printed.
func testTask(t *testing.T, root string, words []string, env ...string) (said, printed string, err error) {
	t.Helper()
	p, err := pipeline.New(root, pipeline.Task{
		Name: "test", Modules: []string{"a"}, GoTest: []string{"./..."}, ByPackage: true, Commands: [][]string{words},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	err = p.Run(t.Context(), pipeline.Options{Tasks: []string{"test"}, OutputLogs: pipeline.OutputFull, Stdout: &out, Stderr: &talk, Env: append(os.Environ(), env...)})
	return talk.String(), out.String(), err
}

func TestOnlyPackagesWithOtherInputsAreTested(t *testing.T) {
	t.Parallel()
	needGo(t)
	root := t.TempDir()
	write(t, root, testedTree())
	words := []string{"go", "test", "./..."}
	verdicts := regexp.MustCompile(`(?m)(ok|\?|FAIL) +\t(\S+)`)
	// ran returns the packages that the go command tested, out of its command line.
	ran := func(change string, env ...string) string {
		t.Helper()
		said, printed, err := testTask(t, root, words, env...)
		if err != nil {
			t.Fatalf("%s: %v\n%s\n%s", change, err, said, printed)
		}
		if n := len(verdicts.FindAllString(printed, -1)); !strings.Contains(said, "are cached") && n != 3 {
			t.Errorf("%s: %d packages said how they ended:\n%s", change, n, printed)
		}
		if strings.Contains(said, "not cached") {
			t.Errorf("%s: %s", change, said)
		}
		var dirs []string
		for _, found := range verdicts.FindAllStringSubmatch(printed, -1) {
			dirs = append(dirs, filepath.Base(found[2]))
		}
		if strings.Contains(said, "1 cached, 0 run") {
			return ""
		}
		slices.Sort(dirs) // the go command tests as many at once as there are processors
		return strings.Join(dirs, " ")
	}
	if got := ran("first run"); got != "one three two" {
		t.Errorf("the first run tested %q", got)
	}
	for _, c := range []struct{ change, file, text, want string }{
		{"nothing", "", "", ""},
		{"a file that nobody reads", "a/unread/unread.txt", "y", ""},
		{"a file outside", "elsewhere/outside.txt", "y", ""},
		{"the same content, written again", "a/two/two.go", testedTree()["a/two/two.go"], ""},
		{"a file that a test read", "a/shared/words.txt", "other words", "two"},
		{"a file in a folder that a test listed", "a/shared/more.txt", "x", "two"},
		{"a test file", "a/one/one_test.go", testedTree()["a/one/one_test.go"] + "\nfunc TestMore(t *testing.T) {}\n", "one"},
		{"testdata", "a/one/testdata/x.txt", "y", "one"},
		{"a comment in an imported package", "b/b.go", "package b\n\nconst B = 1 // one\n", ""},
		{"code in an imported package", "b/b.go", "package b\n\nconst B = 2\n", "one"},
		{"what was before", "b/b.go", "package b\n\nconst B = 1\n", ""},
	} {
		if c.file != "" {
			write(t, root, map[string]string{c.file: c.text})
		}
		if got := ran(c.change); got != c.want {
			t.Errorf("%s: tested %q, want %q", c.change, got, c.want)
		}
	}
	if got := ran("a variable that a test read", "LANG=xx"); got != "two" {
		t.Errorf("a variable that a test read: tested %q", got)
	}
}

func TestPackagesThatPassedAreKeptWhenOthersFail(t *testing.T) {
	t.Parallel()
	needGo(t)
	root := t.TempDir()
	write(t, root, testedTree())
	write(t, root, map[string]string{"b/b.go": "package b\n\nconst B = 9\n"})
	words := []string{"go", "test", "./..."}
	_, printed, err := testTask(t, root, words)
	if err == nil || !strings.Contains(printed, "too many") || strings.Count(printed, "FAIL\texample.com/a/one") != 1 {
		t.Errorf("got %v\n%s", err, printed)
	}
	said, printed, err := testTask(t, root, words)
	if err == nil || strings.Contains(printed, "example.com/a/two") || !strings.Contains(said, "2 of 3 packages are cached") {
		t.Errorf("got %v\n%s\n%s", err, said, printed)
	}
}

func TestCoverageIsKeptAndMerged(t *testing.T) {
	t.Parallel()
	needGo(t)
	root := t.TempDir()
	write(t, root, testedTree())
	words := []string{"go", "test", "-coverprofile=cover.out", "./..."}
	profile := filepath.Join(root, "a/cover.out")
	if said, printed, err := testTask(t, root, words); err != nil {
		t.Fatalf("%v\n%s\n%s", err, said, printed)
	}
	first, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"one/one.go", "two/two.go"} {
		if !bytes.Contains(first, []byte("example.com/a/"+file)) {
			t.Errorf("%s is not in the profile:\n%s", file, first)
		}
	}
	if err := os.Remove(profile); err != nil {
		t.Fatal(err)
	}
	write(t, root, map[string]string{"a/two/testdata/new.txt": "x"})
	said, _, err := testTask(t, root, words)
	if err != nil || !strings.Contains(said, "2 of 3 packages are cached") {
		t.Errorf("got %v\n%s", err, said)
	}
	if again, err := os.ReadFile(profile); err != nil || !bytes.Equal(again, first) {
		t.Errorf("got %v\n%s\nwant\n%s", err, again, first)
	}
}

func TestByPackageNeedsAGoTest(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, testedTree())
	for _, task := range []pipeline.Task{
		{Name: "test", Modules: []string{"a"}, GoTest: []string{"./..."}, ByPackage: true, Commands: [][]string{{"go", "vet", "./..."}}},
		{Name: "test", Modules: []string{"a"}, GoTest: []string{"./..."}, ByPackage: true, Commands: [][]string{{"go", "test", "./one"}}},
		{Name: "test", Modules: []string{"a"}, GoTest: []string{"./..."}, ByPackage: true},
	} {
		if _, err := pipeline.New(root, task); err == nil || !strings.Contains(err.Error(), "ByPackage") {
			t.Errorf("%q: %v", task.Commands, err)
		}
	}
}
