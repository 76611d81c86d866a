package git

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository returns a folder that is one, and a function that runs git in it.
func repository(tb testing.TB, args ...string) (root string, git func(args ...string)) {
	tb.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		tb.Skip("there is no git command on PATH")
	}
	root = tb.TempDir()
	git = func(args ...string) {
		tb.Helper()
		cmd := exec.CommandContext(tb.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	git(append([]string{"init", "-q"}, args...)...)
	for i := range 20 { // names of every length modulo eight
		name := filepath.Join(root, "dir", strings.Repeat("n", i+1))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, fmt.Append(nil, i), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	git("add", "-A")
	git("commit", "-qm", "all")
	return root, git
}

// What the index says is what git says, and where it is of a kind that is not read here, git is asked.
func TestIndexIsReadAsGitReadsIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		init    []string
		then    [][]string
		ownWork bool
	}{
		"plain":                {nil, nil, true},
		"a file not committed": {nil, [][]string{{"mv", "dir/n", "dir/moved"}}, true},
		"one that is to come":  {nil, [][]string{{"rm", "-q", "--cached", "dir/n"}, {"add", "-N", "dir/n"}}, true},
		"left alone":           {nil, [][]string{{"update-index", "--skip-worktree", "dir/nn"}}, true},
		"version 4":            {nil, [][]string{{"update-index", "--index-version=4"}}, false},
		"split":                {nil, [][]string{{"update-index", "--split-index"}}, false},
		"SHA-256":              {[]string{"--object-format=sha256"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, git := repository(t, test.init...)
			for _, args := range test.then {
				git(args...)
			}
			listed, err := list(t.Context(), root, "ls-files", "-z", "--cached")
			want := slices.Sorted(maps.Keys(listed))
			if err != nil || len(want) < 18 {
				t.Fatalf("git names %d files, %v", len(want), err)
			}
			if got, ok := readIndex(root); ok != test.ownWork || ok && !slices.Equal(got, want) {
				t.Errorf("the index names %v, %v; git %v", got, ok, want)
			}
			if got, err := Tracked(t.Context(), root); err != nil || !slices.Equal(got, want) {
				t.Errorf("tracked are %v, %v; want %v", got, err, want)
			}
		})
	}
}

// Git has another index in a hook, and may leave out the seal.
func TestIndexThatIsNotTheOneIsLeftToGit(t *testing.T) {
	root, _ := repository(t)
	if _, ok := readIndex(root); !ok {
		t.Fatal("a plain index is not read")
	}
	t.Setenv("GIT_INDEX_FILE", "other")
	if _, ok := readIndex(root); ok {
		t.Error("read although GIT_INDEX_FILE names another")
	}
	t.Setenv("GIT_INDEX_FILE", "")
	name := filepath.Join(root, ".git", "index")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[len(data)-20:])
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := readIndex(root); ok {
		t.Error("read without its seal")
	}
}

// FuzzIndexEntry gives the reader of an entry any bytes.
func FuzzIndexEntry(f *testing.F) {
	root, _ := repository(f)
	data, err := os.ReadFile(filepath.Join(root, ".git", "index"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[indexHeader:])
	f.Fuzz(func(t *testing.T, data []byte) {
		if from, to, size, ok := indexEntry(data); ok && (from >= to || size <= to || size > len(data)) {
			t.Errorf("a name from %d to %d in an entry of %d bytes, of %d", from, to, size, len(data))
		}
		isWhole(data)
	})
}
