package record

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
)

func book() *Book {
	b := Open("none")
	b.PutFiles(1, []Part{{"file", "a/a.go", 7}})
	b.PutFiles(2, []Part{{"file", "a/a.go", 8}, {"file", "a/b.go", 9}})
	at := time.Unix(0, 5)
	b.Put("a#build", Entry{Key: hash.Key{1}, Time: at, Parts: []Part{{"setting", "GOOS", 1}, {"variable", "WORD", 1}}, Packages: map[string]Sum{"a": 1, "b": 3}})
	return b
}

func TestDifferencesAreTheSmallestFirst(t *testing.T) {
	t.Parallel()
	b := book()
	after := Entry{Key: hash.Key{2}, Parts: []Part{{"setting", "GOOS", 2}}, Packages: map[string]Sum{"a": 2, "b": 4}}
	want := []Cause{
		{"variable", "WORD", "gone"}, {"file", "a/a.go", "changed"}, {"file", "a/b.go", "new"}, {"package", "b", "changed"}, {"setting", "GOOS", "changed"},
	}
	before, _ := b.Task("a#build")
	if got := b.Compare(before, after); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBookComesBackAsItWasAndForgetsUnusedPackages(t *testing.T) {
	t.Parallel()
	b := book()
	b.Put("a#build", Entry{Key: hash.Key{2}, Time: time.Unix(0, 6), Packages: map[string]Sum{"a": 2}})
	file := filepath.Join(t.TempDir(), "record")
	if err := b.Save(file); err != nil {
		t.Fatal(err)
	}
	got := Open(file)
	if e, ok := got.Task("a#build"); !reflect.DeepEqual(got, b) || len(got.files) != 1 || !ok || len(e.Causes) == 0 || e.Time.UnixNano() != 6 {
		t.Errorf("got %+v, want %+v", got, b)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(book().encode())
	f.Add([]byte(heading))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := decode(data)
		if err != nil {
			return
		}
		for task := range b.tasks {
			if e, ok := b.Task(task); ok {
				b.Put(task, e)
			}
		}
		if again, err := decode(b.encode()); err != nil || !reflect.DeepEqual(again, b) {
			t.Errorf("%+v became %+v, %v", b, again, err)
		}
	})
}
