package hash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noted is an index of a folder "d" whose memo is the notes of its Go files.
type noted struct {
	*Index

	t       *testing.T
	derived int
}

func (n *noted) memo(label string) string {
	n.t.Helper()
	n.Forget()
	text, err := n.Memo("d", label, func() (string, bool, error) {
		n.derived++
		entries, err := n.ReadDir("d")
		if err != nil {
			return "", false, err
		}
		all := label
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".go") {
				_, note, err := n.Note("d/"+entry.Name(), func(content []byte) string { return string(content) })
				if err != nil {
					return "", false, err
				}
				all += " " + entry.Name() + "=" + note
			}
		}
		return all, true, nil
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return text
}

// want asks for the memo and whether it had to be made.
func (n *noted) want(label, want string, made bool) {
	n.t.Helper()
	before := n.derived
	if got := n.memo(label); got != want {
		n.t.Errorf("memo = %q, want %q", got, want)
	}
	if (n.derived > before) != made {
		n.t.Errorf("made anew: %v, want %v", n.derived > before, made)
	}
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMemoHoldsUntilItsFolderChanges(t *testing.T) {
	t.Parallel()
	if !listingShows {
		t.Skip("on this system a folder's stat does not tell what lies in it, and nothing is kept")
	}
	root := t.TempDir()
	write(t, root, "d/a.go", "1")
	write(t, root, "d/b.go", "2")
	write(t, root, "d/text", "any")
	open := func() *noted {
		x := Open(root, filepath.Join(root, "index"))
		x.now = func() time.Time { return time.Now().Add(time.Hour) } // all that was written is long ago
		return &noted{Index: x, t: t}
	}
	n := open()
	n.want("x", "x a.go=1 b.go=2", true)
	n.want("x", "x a.go=1 b.go=2", false)
	n.want("y", "y a.go=1 b.go=2", true)
	write(t, root, "d/text", "another")
	n.want("x", "x a.go=1 b.go=2", false)
	if err := n.Save(); err != nil {
		t.Fatal(err)
	}

	n = open()
	n.want("x", "x a.go=1 b.go=2", false)
	n.want("y", "y a.go=1 b.go=2", false)
	write(t, root, "d/b.go", "3")
	n.want("x", "x a.go=1 b.go=3", true)
	n.want("y", "y a.go=1 b.go=3", true)
	write(t, root, "d/c.go", "4")
	n.want("x", "x a.go=1 b.go=3 c.go=4", true)
	if err := os.Remove(filepath.Join(root, "d", "a.go")); err != nil {
		t.Fatal(err)
	}
	n.want("x", "x b.go=3 c.go=4", true)
	for _, label := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		n.want(label, label+" b.go=3 c.go=4", true)
	}
	n.want("x", "x b.go=3 c.go=4", true) // others took its room
}

// A file that was changed just now may change once more and look the same.
func TestMemoOfFreshFilesIsNotKept(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "d/a.go", "1")
	n := &noted{Index: Open(root, filepath.Join(root, "index")), t: t}
	n.want("x", "x a.go=1", true)
	n.want("x", "x a.go=1", true)
}

func TestMemoSaysWhatIsNotToBeKept(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "d/a.go", "1")
	x := Open(root, filepath.Join(root, "index"))
	x.now = func() time.Time { return time.Now().Add(time.Hour) }
	for range 2 {
		made := false
		text, err := x.Memo("d", "x", func() (string, bool, error) {
			made = true
			_, err := x.ReadDir("d")
			return "text", false, err
		})
		if err != nil || text != "text" || !made {
			t.Errorf("memo = %q, %v, made anew: %v", text, err, made)
		}
	}
}
