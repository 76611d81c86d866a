package ignore_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/ignore"
)

// tree is a folder full of names, and .gitignore files with a line for each form.
var tree = map[string]string{
	".gitignore":        "# a comment\n\n*.log\n!keep.log\n/top\nbuild/\ndoc/*.txt\n**/cache\nfar/**/near\nall/**\n!all/kept\n\\#odd\n\\!odd\ntrailing \t\nspace\\ \n[ab].out\n?.tmp\n{x,y}\nsub/dir/\n*.gen.*\n!important.gen.go\r\n",
	"a/.gitignore":      "!*.log\nlocal\n/only-here\n",
	"build/.gitignore":  "!*\n",
	"quiet/.gitignore":  "*\n!.gitignore\n",
	"a/deep/.gitignore": "*.log\n",
}

var names = []string{
	"x.log", "keep.log", "a/x.log", "a/deep/x.log", "b/x.log", "top", "a/top", "build", "build/x", "a/build/x", "a/build", "doc/a.txt", "doc/sub/a.txt",
	"a/doc/a.txt", "cache", "a/cache", "a/cache/x", "far/near", "far/a/near", "far/a/b/near/x", "all/x", "all/kept", "all/kept/x", "all/sub/x", "#odd", "!odd",
	"trailing", "space ", "a.out", "c.out", "a/b.out", "1.tmp", "12.tmp", "x", "y", "{x,y}", "sub/dir/x", "sub/dir2/x", "a/sub/dir/x", "a/local", "a/b/local",
	"local", "a/only-here", "a/b/only-here", "quiet/x", "quiet/sub/x", "z.gen.go", "important.gen.go", "a/important.gen.go", "plain.go", "a/plain.go", "build/keep.log",
}

// Git itself says what is ignored.
func TestAgreesWithGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git command on PATH")
	}
	for _, name := range names {
		for _, other := range names {
			if strings.HasPrefix(other, name+"/") {
				goto next // it is a folder
			}
		}
		check(t, name)
	next:
	}
}

// check asks both about one file in a tree of its own.
func check(t *testing.T, name string) {
	t.Helper()
	root := t.TempDir()
	files := maps.Clone(tree)
	files[name] = ""
	for file, text := range files {
		full := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Skipf("this system has no such name: %v", err)
		}
	}
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "XDG_CONFIG_HOME="+root)
		out, _ := cmd.Output() // check-ignore ends with 1 where it has nothing to say
		return string(out)
	}
	git("init", "-q")
	want := git("check-ignore", "--", name) != ""
	rules := ignore.New(
		func(dir string) ([]fs.DirEntry, error) {
			return os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
		},
		func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(root, filepath.FromSlash(file))) },
	)
	if got := len(rules.Leave([]string{name})) == 0; got != want {
		t.Errorf("%q is ignored: %v, and by git: %v", name, got, want)
	}
	if dir := path.Dir(name); rules.Dir(dir) && !want {
		t.Errorf("%q is ignored, but git takes %q in it", dir, name)
	}
}
