package cache_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
)

// stored returns a workspace whose cache holds one artifact with two files, the key, and where it lies.
func stored(t *testing.T) (c *cache.Cache, root string, key hash.Key, artifact string) {
	t.Helper()
	root = t.TempDir()
	c, err := cache.Open(root, filepath.Join(root, ".magpie"))
	if err != nil {
		t.Fatal(err)
	}
	var outputs []cache.Output
	for _, name := range []string{"out/a", "out/b"} {
		data := bytes.Repeat([]byte(name), 1000)
		if err := os.MkdirAll(filepath.Join(root, "out"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, cache.Output{Name: name, Mode: 0o644, Size: int64(len(data)), Content: sha256.Sum256(data)})
	}
	key = hash.New("test").Key()
	recipe := cache.Recipe{Task: "a#build", Duration: time.Second, Log: []byte("said\n")}
	if err := c.Store(key, recipe, outputs); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(root, ".magpie/artifacts/[0-9a-f]*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("artifacts: %v, %v", found, err)
	}
	return c, root, key, found[0]
}

func everything(cache.Output) bool { return true }

// No damage to an artifact, wherever it is, reaches the tree.
func TestDamageIsSeenBeforeTheTreeIsTouched(t *testing.T) {
	t.Parallel()
	c, root, key, artifact := stored(t)
	whole, err := os.ReadFile(artifact)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(root, "out/b"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		if err := os.WriteFile(artifact, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := c.Look("a#build", key)
		if err == nil {
			err = a.Restore(everything)
		}
		if err != nil && !errors.Is(err, cache.ErrBroken) {
			t.Logf("byte %d: %v", i, err)
		}
		if got, readErr := os.ReadFile(filepath.Join(root, "out/b")); readErr != nil || !bytes.Equal(got, want) {
			t.Fatalf("byte %d: the tree was damaged: %v", i, readErr)
		}
	}
}

func TestMissIsNoError(t *testing.T) {
	t.Parallel()
	c, _, _, artifact := stored(t)
	if err := os.Remove(artifact); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look("a#build", hash.New("test").Key()); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("err = %v", err)
	}
}

func TestStoreRefusesOutputsThatChanged(t *testing.T) {
	t.Parallel()
	c, root, key, _ := stored(t)
	a, err := c.Look("a#build", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "out/a"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Store(hash.New("other").Key(), a.Recipe, a.Outputs); !errors.Is(err, cache.ErrChanged) {
		t.Errorf("err = %v", err)
	}
	if _, err := c.Look("a#build", hash.New("other").Key()); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("half an artifact is there: %v", err)
	}
}
