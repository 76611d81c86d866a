package gokey_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/workspace"
)

// A checksumWorld is a workspace of one module and a module cache.
type checksumWorld struct {
	t           *testing.T
	root, cache string
}

// newChecksumWorld: near imports far, at least in the later version; old has a go.mod that says nothing, and imports far as well;
// the member requires near, old, alone and gone, which is not in the cache.
func newChecksumWorld(t *testing.T) checksumWorld {
	t.Helper()
	w := checksumWorld{t, t.TempDir(), t.TempDir()}
	w.write(w.root, "go.work", "go 1.26.0\n\nuse ./a\n\nreplace stand.example/in => alone.example/x v1.0.0\n")
	w.write(w.root, "a/go.mod", "module acme.example/a\n\ngo 1.26.0\n\nrequire (\n\tnear.example/x v1.0.0\n\told.example/x v1.0.0\n\talone.example/x v1.0.0\n\tgone.example/x v1.0.0\n\tstand.example/in v1.0.0\n)\n")
	var sums strings.Builder
	for _, m := range []struct{ path, version, mod, source string }{
		{"near.example/x", "v1.0.0", "go 1.20\n", "package x\n"},
		{"near.example/x", "v1.1.0", "go 1.20\n\nrequire far.example/x v1.0.0\n\nrequire acme.example/a v1.0.0\n", "package x\n"},
		{"far.example/x", "v1.0.0", "go 1.20\n", "package x\n"},
		{"old.example/x", "v1.0.0", "", "package x\n\nimport _ \"far.example/x/sub\"\n"},
		{"alone.example/x", "v1.0.0", "go 1.20\n", "package x\n"},
	} {
		text := "module " + m.path + "\n\n" + m.mod
		w.write(w.cache, "cache/download/"+m.path+"/@v/"+m.version+".mod", text)
		w.write(w.cache, m.path+"@"+m.version+"/x.go", m.source)
		sum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil })
		if err != nil {
			t.Fatal(err)
		}
		sums.WriteString(m.path + " " + m.version + " h1:source\n" + m.path + " " + m.version + "/go.mod " + sum + "\n")
	}
	w.write(w.root, "a/go.sum", sums.String()+"gone.example/x v1.0.0 h1:source\n")
	return w
}

func (w checksumWorld) write(in, name, text string) {
	w.t.Helper()
	name = filepath.Join(in, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// key is that of a package with imports, and whether all that they lead to is known.
func (w checksumWorld) key(imports ...string) (hash.Key, bool) {
	w.t.Helper()
	index := hash.Open(w.root, "")
	ws, err := workspace.LoadIndexed(w.root, index)
	if err != nil {
		w.t.Fatal(err)
	}
	versions, err := gokey.Versions(ws, index)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := gokey.ReadChecksums(ws, index, versions, w.cache, filepath.Join(w.root, ".magpie", "checksums"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	h := hash.New("test")
	known := c.Add(h, imports)
	return h.Key(), known
}

func TestOnlyChecksumsOfReachedModulesCount(t *testing.T) {
	const near, old, alone, replaced = "near.example/x/pkg", "old.example/x", "alone.example/x", "stand.example/in/pkg"
	for name, test := range map[string]struct {
		line    string
		changed []string
	}{
		"of what is imported":          {"near.example/x v1.0.0 h2:other", []string{near}},
		"of a go.mod":                  {"near.example/x v1.0.0/go.mod h2:other", []string{near}},
		"of what that imports":         {"far.example/x v1.0.0 h2:other", []string{near, old}},
		"of what stands in":            {"alone.example/x v1.0.0 h2:other", []string{alone, replaced}},
		"of nobody's":                  {"nobody.example/x v1.0.0 h1:other", nil},
		"of what another task imports": {"gone.example/x v1.0.0 h2:other", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, imported := range []string{near, old, alone, replaced} {
				w := newChecksumWorld(t)
				before, known := w.key(imported)
				if !known {
					t.Errorf("nobody knows what %s leads to", imported)
				}
				sums, err := os.ReadFile(filepath.Join(w.root, "a", "go.sum"))
				if err != nil {
					t.Fatal(err)
				}
				w.write(w.root, "a/go.sum", string(sums)+test.line+"\n")
				after, _ := w.key(imported)
				want := false
				for _, c := range test.changed {
					want = want || c == imported
				}
				if (before != after) != want {
					t.Errorf("%s changes the key of what imports %s: %v", test.line, imported, before != after)
				}
			}
		})
	}
}

func TestUnknownChecksumsAreSaidToBe(t *testing.T) {
	w := newChecksumWorld(t)
	if _, known := w.key("alone.example/x", "gone.example/x"); known {
		t.Error("what gone.example/x leads to is said to be known")
	}
}

// What no module provides the go command refuses to build. Other lines are nothing to it, one about itself is.
func TestAnImportThatNothingProvidesWaitsForItsLine(t *testing.T) {
	const imported = "lost.example/x/pkg"
	w := newChecksumWorld(t)
	without, _ := w.key("alone.example/x")
	before, known := w.key("alone.example/x", imported)
	if !known || before == without {
		t.Errorf("known: %v, counts: %v", known, before != without)
	}
	sums, err := os.ReadFile(filepath.Join(w.root, "a", "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(w.root, "a/go.sum", string(sums)+"nobody.example/x v1.0.0 h1:other\n")
	if same, _ := w.key("alone.example/x", imported); same != before {
		t.Error("a line about another module counts")
	}
	w.write(w.root, "a/go.sum", string(sums)+"lost.example/x v1.0.0 h1:sum\n")
	if after, _ := w.key("alone.example/x", imported); after == before {
		t.Error("a line about the module does not count")
	}
}

// Keys must not depend on whether the module cache has been filled since they were last worked out.
func TestWhatIsKnownOfChecksumsStays(t *testing.T) {
	w := newChecksumWorld(t)
	w.write(w.root, ".magpie/x", "")
	before, _ := w.key("near.example/x")
	if err := os.RemoveAll(w.cache); err != nil {
		t.Fatal(err)
	}
	if after, known := w.key("near.example/x"); after != before || !known {
		t.Error("another key without the module cache")
	}
	sums, err := os.ReadFile(filepath.Join(w.root, "a", "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(w.root, "a/go.sum", string(sums)+"nobody.example/x v1.0.0 h1:other\n")
	if _, known := w.key("near.example/x"); known {
		t.Error("a state that nobody has seen is known without the module cache")
	}
	w.write(w.root, "a/go.sum", string(sums))
	if after, known := w.key("near.example/x"); after != before || !known {
		t.Error("another key in a state that has come back")
	}
	kept := filepath.Join(w.root, ".magpie", "checksums")
	data, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{"cut": data[:len(data)-1], "empty": {}, "flipped": append(data[:len(data)-1:len(data)-1], data[len(data)-1]^1)} {
		if err := os.WriteFile(kept, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, known := w.key("near.example/x"); known {
			t.Errorf("a file that is %s is believed", name)
		}
	}
}
