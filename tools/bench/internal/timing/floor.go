package timing

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// StatAll measures what no check of content can go below: asking, on two threads, for the size and time of
// each file below dir, by a list known before. Folders that begin with a dot, and outputs, do not count.
func StatAll(ctx context.Context, dir string, runs int) (t Times, files int, err error) {
	paths, err := list(dir)
	if err != nil {
		return t, 0, err
	}
	t.Name = fmt.Sprintf("stat %d files, 2 threads", len(paths))
	for range runs {
		if ctx.Err() != nil {
			return t, 0, ctx.Err()
		}
		start := time.Now()
		half := len(paths) / 2
		var wg sync.WaitGroup
		for _, part := range [][]string{paths[:half], paths[half:]} {
			wg.Go(func() {
				for _, path := range part {
					_, _ = os.Lstat(path)
				}
			})
		}
		wg.Wait()
		t.Wall = append(t.Wall, time.Since(start))
	}
	slices.Sort(t.Wall)
	return t, len(paths), nil
}

func list(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "dist") {
			return fs.SkipDir
		}
		if !entry.IsDir() {
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}
