package git_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/git"
)

// A repository is one whose commits a test makes.
type repository struct {
	t    *testing.T
	root string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git command on PATH")
	}
	r := repository{t, t.TempDir()}
	r.run("init", "-q", "-b", "main")
	return r
}

func (r repository) run(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir = r.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) write(name, text string) {
	r.t.Helper()
	full := filepath.Join(r.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r repository) commit() string {
	r.t.Helper()
	r.run("add", "--all")
	r.run("commit", "-q", "-m", "x")
	return r.run("rev-parse", "HEAD")
}

// changes lists names with what they held before, "-" for nothing.
func (r repository) changes(from, to, dir string) string {
	r.t.Helper()
	root := filepath.Join(r.root, dir)
	changes, err := git.Diff(r.t.Context(), root, from, to)
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []string
	for _, c := range changes {
		if c.Blob != "" && !c.Submodule {
			ids = append(ids, c.Blob)
		}
	}
	blobs, err := git.Blobs(r.t.Context(), root, ids)
	if err != nil {
		r.t.Fatal(err)
	}
	slices.SortFunc(changes, func(a, b git.Change) int { return cmp.Compare(a.Name, b.Name) })
	var lines []string
	for _, c := range changes {
		was := "-"
		if c.Blob != "" {
			was = fmt.Sprintf("%q", blobs[c.Blob])
		}
		lines = append(lines, c.Name+" "+was)
	}
	return strings.Join(lines, "; ")
}

func TestDiffTellsWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	odd := "sub/ü b\tc.txt"
	if runtime.GOOS == "windows" {
		odd = "sub/ü b.txt"
	}
	r.write(".gitignore", "ignored\n")
	r.write("same", "same")
	r.write("sub/edited", "old\n\nold\n")
	r.write("sub/gone", "gone")
	r.write("moved", "moved")
	r.write(odd, "")
	one := r.commit()

	r.write("sub/edited", "new")
	r.write("same", "same")
	r.write("ignored", "x")
	r.write("sub/untracked", "x")
	r.write(odd, "more")
	r.write("staged", "x")
	r.run("rm", "-q", "sub/gone")
	r.run("mv", "moved", "renamed")
	r.run("add", "staged")
	want := `moved "moved"; renamed -; staged -; sub/edited "old\n\nold\n"; sub/gone "gone"; sub/untracked -; ` + odd + ` ""`
	if got := r.changes(one, "", "."); got != want {
		t.Errorf("in the working tree:\n%s\nwant\n%s", got, want)
	}
	want = strings.ReplaceAll(`edited "old\n\nold\n"; gone "gone"; untracked -; `+odd+` ""`, "sub/", "")
	if got := r.changes(one, "", "sub"); got != want {
		t.Errorf("in a folder:\n%s\nwant\n%s", got, want)
	}
	// No longer tracked, and still there.
	r.run("rm", "-q", "--cached", "same")
	if got := r.changes(one, "", "."); !strings.Contains(got, `same "same"`) {
		t.Errorf("taken out of the index: %s", got)
	}
	r.run("reset", "-q")
	two := r.commit()
	if got := r.changes(one, two, "."); !strings.Contains(got, `sub/gone "gone"`) || !strings.Contains(got, "sub/untracked -") {
		t.Errorf("between commits: %s", got)
	}
	if got := r.changes(two, "", "."); got != "" {
		t.Errorf("after the commit: %s", got)
	}
	r.write("later", "x")
	if got := r.changes(one, two, "."); strings.Contains(got, "later") {
		t.Errorf("between commits the working tree counts: %s", got)
	}
}

func TestCommitsThatAreNot(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	ctx := t.Context()
	r.write("a", "a")
	one := r.commit()
	r.run("checkout", "-q", "--orphan", "other")
	r.write("b", "b")
	two := r.commit()
	for _, revision := range []string{"nowhere", "", "--all", "-h", "main:a", "HEAD~9", "a b"} {
		if _, err := git.Commit(ctx, r.root, revision); !errors.Is(err, git.ErrUnknown) {
			t.Errorf("%q is a commit: %v", revision, err)
		}
	}
	if got, err := git.Commit(ctx, r.root, "main"); got != one || err != nil {
		t.Errorf("main is %s, %v; want %s", got, err, one)
	}
	if _, err := git.MergeBase(ctx, r.root, one, two); !errors.Is(err, git.ErrUnknown) {
		t.Errorf("commits without a common one: %v", err)
	}
	none := t.TempDir()
	if _, err := git.Commit(ctx, none, "main"); !errors.Is(err, git.ErrNone) && !strings.HasPrefix(none, r.root) {
		t.Errorf("outside a repository: %v", err)
	}
}

func TestHeadAndLinks(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	if commit, branch, _ := git.Head(t.Context(), r.root); commit != "" || branch != "main" {
		t.Errorf("before the first commit: %q on %q", commit, branch)
	}
	r.write("a", "a")
	if err := os.Symlink("a", filepath.Join(r.root, "link")); err != nil {
		t.Skip(err)
	}
	one := r.commit()
	if commit, branch, _ := git.Head(t.Context(), r.root); commit != one || branch != "main" {
		t.Errorf("%q on %q, want %q on main", commit, branch, one)
	}
	r.run("checkout", "-q", "--detach")
	if _, branch, _ := git.Head(t.Context(), r.root); branch != "" {
		t.Errorf("detached, and on %q", branch)
	}
	if links, err := git.Links(t.Context(), r.root); err != nil || !slices.Equal(links, []string{"link"}) {
		t.Errorf("links are %q, %v", links, err)
	}
}
