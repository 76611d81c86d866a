package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// folder is where servers are built for the tests.
var folder string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaos-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	folder = dir
	return m.Run()
}

var builds struct {
	mu   sync.Mutex
	done map[string]func() (string, error)
}

// built returns the server, built with tags once for all tests.
func built(ctx context.Context, tags string) (string, error) {
	builds.mu.Lock()
	build, ok := builds.done[tags]
	if !ok {
		ctx := context.WithoutCancel(ctx) // other tests want it, too
		build = sync.OnceValues(func() (string, error) {
			return buildServer(ctx, filepath.Join(folder, "tags-"+tags), "-tags="+tags)
		})
		if builds.done == nil {
			builds.done = make(map[string]func() (string, error))
		}
		builds.done[tags] = build
	}
	builds.mu.Unlock()
	return build()
}
