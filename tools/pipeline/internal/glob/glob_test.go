package glob_test

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"magpie.build/tools/pipeline/internal/glob"
)

func parse(t *testing.T, base string, patterns ...string) glob.Set {
	t.Helper()
	set, err := glob.Parse(base, patterns)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestFiles(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{}
	for _, name := range []string{"app/a.txt", "app/b.go", "app/dist/x", "app/dist/site/y", "app/nested/go.mod", "app/.git/config", "lib/c.txt"} {
		tree[name] = &fstest.MapFile{}
	}
	nested := func(dir string) bool { return dir == "app/nested" }
	for _, test := range []struct {
		patterns, want []string
	}{
		{[]string{"*.txt"}, []string{"app/a.txt"}},
		{[]string{"**"}, []string{"app/a.txt", "app/b.go", "app/dist/site/y", "app/dist/x"}},
		{[]string{"**", "!dist"}, []string{"app/a.txt", "app/b.go"}},
		{[]string{"dist/*"}, []string{"app/dist/site/y", "app/dist/x"}},
		{[]string{"dist/x", "dist/**"}, []string{"app/dist/site/y", "app/dist/x"}},
		{[]string{"//lib/*.{txt,md}"}, []string{"lib/c.txt"}},
		{[]string{"../lib/c.txt"}, []string{"lib/c.txt"}},
		{[]string{"missing/**"}, nil},
		{nil, nil},
	} {
		got, err := parse(t, "app", test.patterns...).Files(func(dir string) ([]fs.DirEntry, error) { return fs.ReadDir(tree, dir) }, nested)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, %v; want %q", test.patterns, got, err, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"", "!", "/etc", "../../x", `a\b`, "[a", "//../x"} {
		if _, err := glob.Parse("app", []string{pattern}); err == nil {
			t.Errorf("%q was taken", pattern)
		}
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b  []string
		meets bool
	}{
		{[]string{"dist/*"}, []string{"dist/site/**"}, false},
		{[]string{"dist/**"}, []string{"dist/x"}, true},
		{[]string{"out/**"}, []string{"**/*.go"}, true},
		{[]string{"a/**"}, []string{"b/**"}, false},
		{[]string{"a/**/c"}, []string{"a/b/*"}, true},
		{[]string{"internal/**/*_gen.go"}, []string{"dist/*"}, false},
		{[]string{"dist/**", "!dist/site/**"}, []string{"dist/site/**"}, false},
		{[]string{"x"}, []string{"x"}, true},
	} {
		p, _ := glob.Overlap(parse(t, ".", test.a...), parse(t, ".", test.b...))
		q, _ := glob.Overlap(parse(t, ".", test.b...), parse(t, ".", test.a...))
		if (p != "") != test.meets || (q != "") != test.meets {
			t.Errorf("%q and %q: %q, %q; want them to meet: %v", test.a, test.b, p, q, test.meets)
		}
	}
}
