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
	b := &Book{Tasks: make(map[string]Entry), Files: map[Sum][]Part{1: {{"file", "a/a.go", 7}}, 2: {{"file", "a/a.go", 8}, {"file", "a/b.go", 9}}}}
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
	if got := b.Compare(b.Tasks["a#build"], after); !slices.Equal(got, want) {
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
	if got := Open(file); !reflect.DeepEqual(got, b) || len(got.Files) != 1 || len(got.Tasks["a#build"].Causes) == 0 {
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
		if again, err := decode(b.encode()); err != nil || !reflect.DeepEqual(again, b) {
			t.Errorf("%+v became %+v, %v", b, again, err)
		}
	})
}
