package reads

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestLinesOfStrace(t *testing.T) {
	t.Parallel()
	got := parse([]byte(`12 openat(AT_FDCWD</w>, "a.txt", O_RDONLY|O_CLOEXEC) = 3</w/a.txt>
12 openat(AT_FDCWD</w>, "out", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3</w/out>
13 openat(AT_FDCWD</w>, "b.txt", O_RDONLY <unfinished ...>
12 openat(AT_FDCWD</w>, "out", O_RDONLY) = 4</w/out>
14 openat(AT_FDCWD</w>, "log", O_WRONLY|O_APPEND <unfinished ...>
13 <... openat resumed>) = 3</w/b.txt>
14 <... openat resumed>) = 5</w/log>
12 openat(AT_FDCWD</w>, ".", O_RDONLY|O_DIRECTORY) = 3</w>
12 openat(AT_FDCWD</w>, "a.txt", O_RDONLY) = 3</w/a.txt>
12 +++ exited with 0 +++
`))
	if want := []string{"/w/a.txt", "/w/b.txt"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProgramsOfProgramsAreWatched(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secret, log := filepath.Join(dir, "secret"), filepath.Join(dir, "log")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	args, err := Command(log, "sh", "-c", "sh -c 'cat secret >copy; cat copy'")
	if errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "x" {
		t.Skipf("strace cannot watch here: %v, %s", err, out)
	}
	got, err := Opened(log)
	if err != nil || !slices.Contains(got, secret) || slices.Contains(got, filepath.Join(dir, "copy")) {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("12 openat(AT_FDCWD</w>, \"a\", O_RDONLY) = 3</w/a>\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range parse(text) {
			if name[0] != '/' {
				t.Errorf("%q", name)
			}
		}
	})
}
