package serve_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"magpie.build/apps/docs/internal/serve"
)

// Reading the tasks runs mage, which writes beside the magefile: to follow that would never end.
func TestWhatMageWritesIsNoChange(t *testing.T) {
	root := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	changed, ended := make(chan []string, 1), make(chan error, 1)
	go func() { ended <- serve.Follow(ctx, root, func(files []string) { changed <- files }) }()
	guide := filepath.Join(root, "guide.md")
	again := time.NewTicker(time.Second)
	defer again.Stop()
	var got []string
	for got == nil { // the folder may not be watched yet
		for _, name := range []string{filepath.Join(root, "mage_output_file.go"), guide} {
			if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case got = <-changed:
		case err := <-ended:
			t.Fatal(err)
		case <-again.C:
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !slices.Equal(got, []string{guide}) {
		t.Errorf("changed: %q, want %q alone", got, guide)
	}
}
