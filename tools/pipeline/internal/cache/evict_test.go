package cache

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
)

// filled returns a cache with three artifacts, last used on three days before now.
func filled(t *testing.T, now time.Time) (*Cache, int64) {
	t.Helper()
	root := t.TempDir()
	c, err := Open(root, filepath.Join(root, ".magpie"))
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for day := byte(1); day <= 3; day++ {
		key := hash.Key{day}
		if err := c.Store(key, Recipe{Task: "a#build"}, nil); err != nil {
			t.Fatal(err)
		}
		at := now.AddDate(0, 0, -int(day))
		if err := os.Chtimes(c.artifact(key), at, at); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(c.artifact(key))
		if err != nil {
			t.Fatal(err)
		}
		size = info.Size()
	}
	return c, size
}

func left(c *Cache) (days []byte) {
	for day := byte(1); day <= 3; day++ {
		if _, err := c.Look("a#build", hash.Key{day}); !errors.Is(err, ErrMiss) {
			days = append(days, day)
		}
	}
	return days
}

func TestEvictionByAgeAndSize(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, test := range []struct {
		name string
		age  time.Duration
		size int64 // in artifacts
		want string
	}{
		{"no limit", 0, 0, "\x01\x02\x03"},
		{"age", 60 * time.Hour, 0, "\x01\x02"},
		{"size", 0, 1, "\x01"},
		{"both", 36 * time.Hour, 2, "\x01"},
		{"room for all", 100 * time.Hour, 3, "\x01\x02\x03"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, size := filled(t, now)
			if err := c.Evict(test.age, test.size*size, now); err != nil {
				t.Fatal(err)
			}
			if got := string(left(c)); got != test.want {
				t.Errorf("left are %q, want %q", got, test.want)
			}
		})
	}
}

func TestUsedArtifactsStay(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c, _ := filled(t, now)
	if _, err := c.Look("a#build", hash.Key{3}); err != nil {
		t.Fatal(err)
	}
	if err := c.Evict(60*time.Hour, 0, now); err != nil {
		t.Fatal(err)
	}
	if got := string(left(c)); got != "\x01\x02\x03" {
		t.Errorf("left are %q", got)
	}
}

func TestEvictionLooksOnceADay(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c, _ := filled(t, now)
	for _, age := range []time.Duration{0, time.Hour} {
		if err := c.Evict(age, 0, now); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(left(c)); got != "\x01\x02\x03" {
		t.Errorf("left are %q", got)
	}
	if err := c.Evict(time.Hour, 0, now.Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := string(left(c)); got != "" {
		t.Errorf("left are %q", got)
	}
}
