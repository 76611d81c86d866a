package pipeline

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
)

// interrupted are sums that something happens to while a reader adds to them, and holds what it holds then.
type interrupted struct {
	sums

	meanwhile func()
}

var _ gosource.Sums = interrupted{}

// AddExternal implements [gosource.Sums].
func (i interrupted) AddExternal(h *hash.Hasher, module string, imports []string) error {
	i.meanwhile()
	return i.sums.AddExternal(h, module, imports) // asks for facts
}

// A test that ends drops the facts about its module while what another made is being kept: neither waits for the other.
func TestATaskEndsWhileAReaderAsksForFacts(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.work":        "go 1.26.0\nuse ./a\n",
		"a/go.mod":       "module example.com/a\n\ngo 1.26.0\n",
		"a/a.go":         "package a\n\nimport _ \"example.com/a/deep\"\n",
		"a/deep/deep.go": "package deep\n\nimport _ \"elsewhere.example/dep\"\n",
	} {
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(root, Task{Name: "test", GoTest: []string{"./..."}, ByPackage: true, Commands: [][]string{{"go", "test", "./..."}}})
	if err != nil {
		t.Fatal(err)
	}
	p.forget() // as what keeps results does first
	facts := p.read()
	settings, err := facts.goSettings(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	dropped, added := make(chan struct{}), make(chan error, 1)
	drop := func() {
		go func() {
			defer close(dropped)
			p.written(p.nodes["a#test"])
		}()
		for !isUnderWay("gosource.(*Reader).Forget(") {
			runtime.Gosched()
		}
	}
	go func() {
		added <- facts.reader(p.workspace, settings).AddTest(hash.New("test"), interrupted{facts.sums(settings), drop}, "a")
	}()
	deadline := time.After(20 * time.Second)
	select {
	case err := <-added:
		if err != nil {
			t.Error(err)
		}
	case <-deadline:
		t.Fatal("a reader that asks for facts, and a task that ended and makes the reader forget, have waited for each other for 20 s")
	}
	select {
	case <-dropped:
	case <-deadline:
		t.Fatal("no task has ended and made the reader forget within 20 s")
	}
}

// isUnderWay reports whether some goroutine is in a function.
func isUnderWay(function string) bool {
	stacks := make([]byte, 4<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), function)
}
