package hash_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
)

func TestValuesDoNotRunTogether(t *testing.T) {
	t.Parallel()
	key := func(add func(*hash.Hasher)) hash.Key {
		h := hash.New("test")
		add(h)
		return h.Key()
	}
	seen := map[hash.Key]int{}
	for i, add := range []func(*hash.Hasher){
		func(h *hash.Hasher) { h.Add("a", "bc") },
		func(h *hash.Hasher) { h.Add("ab", "c") },
		func(h *hash.Hasher) { h.Add("a", "b", "c") },
		func(h *hash.Hasher) { h.Add("a", "b"); h.Add("c") },
		func(h *hash.Hasher) { h.Add("a"); h.Add("b", "c") },
		func(h *hash.Hasher) { h.Add("a", "", "bc") },
	} {
		k := key(add)
		if other, ok := seen[k]; ok {
			t.Errorf("cases %d and %d have one key", other, i)
		}
		seen[k] = i
	}
}

// An index must never answer with the hash of what a file was.
func TestIndexSeesEveryChange(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	name := filepath.Join(root, "f")
	old := time.Now().Add(-time.Hour)
	put := func(text string, modified time.Time) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	content := func(x *hash.Index) hash.Content {
		t.Helper()
		x.Forget()
		file, err := x.File("f")
		if err != nil {
			t.Fatal(err)
		}
		return file.Content
	}
	open := func() *hash.Index { return hash.Open(root, filepath.Join(root, "index")) }

	x := open()
	put("one", old)
	one := content(x)
	put("two", old.Add(time.Second))
	two := content(x)
	if one == two {
		t.Error("a changed file has its old hash")
	}
	if err := x.Save(); err != nil {
		t.Fatal(err)
	}
	if content(open()) != two {
		t.Error("the saved index knows another hash")
	}
	// Written twice within a tick of the clock: same size, same time.
	now := time.Now()
	put("abc", now)
	abc := content(x)
	put("xyz", now)
	if content(x) == abc {
		t.Error("a file that changed in the same tick has its old hash")
	}
}

func TestIndexLeavesOutWhatIsMissing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	x := hash.Open(root, filepath.Join(root, "index"))
	files, err := x.Files([]string{"f", "none", "f/below"})
	if err != nil || len(files) != 3 || files[0] == nil || files[1] != nil || files[2] != nil {
		t.Errorf("files = %v, %v", files, err)
	}
	many := slices.Repeat([]string{"none", "f"}, 300)
	if files, err = x.Files(many); err != nil || len(files) != 600 || files[598] != nil || files[599] == nil || files[599].Content != files[1].Content {
		t.Errorf("many files = %v, %v", files, err)
	}
	if _, err := x.File("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
}

// A clock that was set back must not make the index believe that a file is what it was.
func TestIndexOfTheFutureIsNotBelieved(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	name, file := filepath.Join(root, "f"), filepath.Join(root, "index")
	if err := os.WriteFile(name, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	note := func(text string) string {
		t.Helper()
		x := hash.Open(root, file)
		_, note, err := x.Note("f", func([]byte) string { return text })
		if err := errors.Join(err, x.Save()); err != nil {
			t.Fatal(err)
		}
		return note
	}
	deadline := time.Now().Add(10 * time.Second)
	for round := 0; note(fmt.Sprint(round)) == fmt.Sprint(round); round++ { // until the file is old enough to be believed
		if time.Now().After(deadline) {
			t.Fatal("nothing is ever believed")
		}
		<-time.After(50 * time.Millisecond)
	}
	future := time.Now().Add(time.Minute)
	if err := os.Chtimes(file, future, future); err != nil {
		t.Fatal(err)
	}
	if got := note("read again"); got != "read again" {
		t.Errorf("the index still knows the note %q", got)
	}
}
