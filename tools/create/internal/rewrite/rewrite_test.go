package rewrite_test

import (
	"strings"
	"testing"

	"magpie.build/tools/create/internal/rewrite"
)

func TestFileIsPutUnderTheNewPath(t *testing.T) {
	tests := []struct{ name, file, in, want string }{
		{
			"module file", "a/go.mod",
			"module old.dev/a\n\ngo 1.26.0\n\nrequire (\n\texample.com/old.dev/b v1.0.0\n\told.dev/b v0.0.0\n)\n\nreplace old.dev/b => ../b\n",
			"module new.org/x/a\n\ngo 1.26.0\n\nrequire (\n\texample.com/old.dev/b v1.0.0\n\tnew.org/x/b v0.0.0\n)\n\nreplace new.org/x/b => ../b\n",
		},
		{"tool", "go.mod", "module old.dev/a\n\ntool old.dev/a/cmd\n", "module new.org/x/a\n\ntool new.org/x/a/cmd\n"},
		{"workspace file", "go.work", "go 1.26.0\n\nuse ./old.dev\n", "go 1.26.0\n\nuse ./old.dev\n"},
		{
			"imports", "a.go",
			"package a\n\nimport (\n\t\"fmt\"\n\n\told \"old.dev/b\"\n\t\"old.developers/c\"\n)\n",
			"package a\n\nimport (\n\t\"fmt\"\n\n\told \"new.org/x/b\"\n\t\"old.developers/c\"\n)\n",
		},
		{"templ", "a.templ", "package a\n\nimport \"old.dev/ui\"\n\ntempl A() {\n\t<p>x</p>\n}\n", "package a\n\nimport \"new.org/x/ui\"\n\ntempl A() {\n\t<p>x</p>\n}\n"},
		{"comments move along", "a.go", "package a\n\nvar (\n\ta = \"old.dev\" // one\n\tbcd = \"old.dev/b\" // two\n)\n", "package a\n\nvar (\n\ta = \"new.org/x\" // one\n\tbcd = \"new.org/x/b\" // two\n)\n"},
		{"formatted stays formatted", "a.go", "package a\n\nvar (\n\ta = \"old.dev\"      // one\n\tb = \"a longer one\" // two\n)\n", "package a\n\nvar (\n\ta = \"new.org/x\"    // one\n\tb = \"a longer one\" // two\n)\n"},
		{"embed stays", "a.go", "package a\n\n//go:embed old.txt\nvar s = \"old.dev\"\n", "package a\n\n//go:embed old.txt\nvar s = \"new.org/x\"\n"},
		{"prose", "README.md", "old.dev, old.dev/a; https://old.dev. old.dev", "new.org/x, new.org/x/a; https://new.org/x. new.org/x"},
		{"other words", "README.md", "cold.dev old.developer old.dev-x a@old.dev my.old.dev example.com/old.dev old.dev.x", "cold.dev old.developer old.dev-x a@old.dev my.old.dev example.com/old.dev old.dev.x"},
		{"side by side", "x", "old.dev old.dev\nold.dev", "new.org/x new.org/x\nnew.org/x"},
		{"not text", "a.png", "\xff\xfeold.dev", "\xff\xfeold.dev"},
		{"licence", "LICENSE", "from old.dev", "from old.dev"},
		{"broken on purpose", "testdata/a.go", "not Go: old.dev/a", "not Go: new.org/x/a"},
	}
	r := rewrite.New("old.dev", "new.org/x")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := r.File(tt.file, []byte(tt.in))
			if err != nil || string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s\n%v", got, tt.want, err)
			}
		})
	}
}

func TestNewPathMayHoldTheOldOne(t *testing.T) {
	source := "package a\n\nimport \"old.dev/a\"\n\n// See old.dev/a and https://old.dev.\n"
	for _, to := range []string{"old.dev/fork", "new.org/old.dev", "old.development"} {
		got, err := rewrite.New("old.dev", to).File("a.go", []byte(source))
		if want := strings.ReplaceAll(source, "old.dev", to); err != nil || string(got) != want {
			t.Errorf("%s: got\n%s\n%v", to, got, err)
		}
	}
}

func TestChangelogRestarts(t *testing.T) {
	got, err := rewrite.New("old.dev", "new.org").File("CHANGELOG.md", []byte("- old news of old.dev\n"))
	if err != nil || strings.Contains(string(got), "old") || !strings.Contains(string(got), "## Unreleased") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestBrokenFileIsNamed(t *testing.T) {
	for _, name := range []string{"a/go.mod", "go.work", "b.go", "c.templ"} {
		_, err := rewrite.New("old.dev", "new.org").File(name, []byte("\"old.dev"))
		if err == nil || !strings.Contains(err.Error(), "rewrite "+name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzWordsOfOtherPathsStay(f *testing.F) {
	f.Add("old.dev https://old.dev. cold.dev")
	f.Add("old.devold.dev/old.dev")
	f.Fuzz(func(t *testing.T, text string) {
		there, err := rewrite.New("old.dev", "new.org").File("a.md", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "new.org") {
			t.Skip("cannot tell what was there before")
		}
		back := strings.ReplaceAll(string(there), "new.org", "old.dev")
		if back != text {
			t.Errorf("%q becomes %q: something else changed", text, there)
		}
	})
}
