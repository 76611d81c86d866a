package gosource_test

import (
	"bytes"
	"testing"

	"magpie.build/tools/pipeline/internal/gosource"
)

func compiled(source string) []byte {
	return gosource.Compiled("x.go", []byte(source), gosource.ParseHeader("x.go", []byte(source)))
}

// TestOnlyWordsInCommentsMakeNoDifference changes one file in many ways.
func TestOnlyWordsInCommentsMakeNoDifference(t *testing.T) {
	t.Parallel()
	const source = "// Package p is.\npackage p\n\n// F is. Old.\nfunc F() string { return \"// no\" } // tail\n"
	for change, test := range map[string]struct {
		source string
		equal  bool
	}{
		"words":                {"// Package p does.\npackage p\n\n// F does!\nfunc F() string { return \"// no\" } // other\n", true},
		"a tail is gone":       {"// Package p is.\npackage p\n\n// F is. Old.\nfunc F() string { return \"// no\" }\n", true},
		"a block for a line":   {"/* Package p */\npackage p\n\n/* F. */\nfunc F() string { return \"// no\" }\n\n// The end.\n", true},
		"a raw string's end":   {"// Package p is.\npackage p\n\n// F is. Old.\nfunc F() string { return `\n// no` }\n", false},
		"one more line":        {"// Package p is.\n// It was.\npackage p\n\n// F is. Old.\nfunc F() string { return \"// no\" } // tail\n", false},
		"another column":       {"// Package p is.\npackage p\n\n// F is. Old.\n/**/func F() string { return \"// no\" } // tail\n", false},
		"a directive":          {"// Package p is.\npackage p\n\n//go:noinline\nfunc F() string { return \"// no\" } // tail\n", false},
		"a line directive":     {"//line q.go:7\npackage p\n\n// F is. Old.\nfunc F() string { return \"// no\" } // tail\n", false},
		"deprecated":           {"// Package p is.\npackage p\n\n// Deprecated: F.\nfunc F() string { return \"// no\" } // tail\n", false},
		"a string":             {"// Package p is.\npackage p\n\n// F is. Old.\nfunc F() string { return \"// yes\" } // tail\n", false},
		"a comment turns code": {"// Package p is.\npackage p\n\nvar X = 1\nfunc F() string { return \"// no\" } // tail\n", false},
	} {
		if got := bytes.Equal(compiled(source), compiled(test.source)); got != test.equal {
			t.Errorf("%s: equal is %v, want %v\n%s", change, got, test.equal, compiled(test.source))
		}
	}
}

// Blanks at the end of a line are part of a raw string.
func TestStringsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	a, b := compiled("package p\n\nvar X = `a \n/* b */ \n`\n"), compiled("package p\n\nvar X = `a\n/* b */\n`\n")
	if bytes.Equal(a, b) {
		t.Errorf("two strings became one: %q", a)
	}
}

func TestCommentsOfCgoAreCode(t *testing.T) {
	t.Parallel()
	const source = "package p\n\n// int f(void);\nimport \"C\"\n"
	if got := compiled(source); string(got) != source {
		t.Errorf("got %q", got)
	}
	if got := gosource.Compiled("x.s", []byte("// a\n"), gosource.Header{}); string(got) != "// a\n" {
		t.Errorf("assembly became %q", got)
	}
}

// FuzzCompiled gives any source: what comes out has no more lines than went in.
func FuzzCompiled(f *testing.F) {
	f.Add("package p // x\n/* a\nb */ var X = `\n// no`\n")
	f.Add("package p\r\n/*\r*/ var c = '/' // \r")
	f.Fuzz(func(t *testing.T, source string) {
		once := compiled(source)
		if bytes.Count(once, []byte("\n")) > bytes.Count([]byte(source), []byte("\n")) {
			t.Errorf("%q became %q", source, once)
		}
	})
}
