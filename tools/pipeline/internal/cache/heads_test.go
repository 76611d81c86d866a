package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
)

// looked returns a cache with one artifact that was looked at, and the artifact's file.
func looked(t *testing.T, log string) (c *Cache, file string) {
	t.Helper()
	root := t.TempDir()
	c, err := Open(root, filepath.Join(root, ".magpie"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Store(hash.Key{1}, Recipe{Task: "a#build", Log: []byte(log)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look("a#build", hash.Key{1}); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	if c, err = Open(root, filepath.Join(root, ".magpie")); err != nil {
		t.Fatal(err)
	}
	return c, c.artifact(hash.Key{1})
}

func TestArtifactThatIsKnownIsNotOpened(t *testing.T) {
	t.Parallel()
	c, file := looked(t, "said\n")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), int(info.Size())), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if a, err := c.Look("a#build", hash.Key{1}); err != nil || string(a.Log) != "said\n" {
		t.Errorf("got %+v, %v", a, err)
	}
	if err := os.Chtimes(file, time.Time{}, info.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look("a#build", hash.Key{1}); err == nil {
		t.Error("an artifact that was touched is not opened")
	}
}

func TestArtifactThatIsGoneIsAMiss(t *testing.T) {
	t.Parallel()
	c, file := looked(t, "said\n")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look("a#build", hash.Key{1}); err != ErrMiss { //nolint:errorlint // exactly this one
		t.Errorf("err = %v", err)
	}
}

func TestLongLogsAreNotKeptTwice(t *testing.T) {
	t.Parallel()
	c, _ := looked(t, string(make([]byte, maxKept)))
	if len(c.heads.kept) != 0 {
		t.Error("a long log is kept")
	}
}

func FuzzDecodeHeads(f *testing.F) {
	whole := encodeHeads(map[string]keptHead{"a#build": {key: hash.Key{1}, artifact: seen{2, 3}, text: "x"}, "": {}})
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Fuzz(func(t *testing.T, data []byte) {
		kept, ok := decodeHeads(data)
		if !ok {
			return
		}
		if again, ok := decodeHeads(encodeHeads(kept)); !ok || !reflect.DeepEqual(kept, again) {
			t.Errorf("%v became %v", kept, again)
		}
	})
}

// FuzzTakeHead gives the reader of a head any bytes: it answers with outputs that lie in the workspace, or with an error.
func FuzzTakeHead(f *testing.F) {
	f.Add(string(packHead(head{Recipe: Recipe{Task: "a#build", Duration: 5, Log: []byte("x")}, Outputs: []Output{{Name: "out/x", Size: 3}}})))
	f.Fuzz(func(t *testing.T, text string) {
		h, err := takeHead(text)
		if err != nil {
			return
		}
		again, err := takeHead(string(packHead(h)))
		if err != nil || !reflect.DeepEqual(again, h) {
			t.Errorf("%+v became %+v, %v", h, again, err)
		}
	})
}
