package assets_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"magpie.build/packages/ui"
	"magpie.build/packages/ui/assets"
)

func TestNameFollowsContent(t *testing.T) {
	one, other := open(t, fstest.MapFS{"a.css": file("a{}")}), open(t, fstest.MapFS{"a.css": file("b{}")})
	if url(t, one, "a.css") == url(t, other, "a.css") {
		t.Error("two contents have one name: a browser would keep the old one")
	}
	if got := url(t, one, "a.css"); !regexp.MustCompile(`^/assets/a\.[0-9a-f]{10}\.css$`).MatchString(got) {
		t.Errorf("the URL is %s", got)
	}
	if got := url(t, open(t, fstest.MapFS{"img/logo.svg": file("<svg/>")}), "img/logo.svg"); !strings.HasPrefix(got, "/assets/img/logo.") {
		t.Errorf("the URL of a file in a folder is %s", got)
	}
}

func TestUnknownNameIsAnErrorThatListsTheKnown(t *testing.T) {
	_, err := open(t, fstest.MapFS{"app.css": file(""), "app.js": file("")}).URL("app.ccs")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"app.ccs"`) || !strings.Contains(err.Error(), "app.css, app.js") {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatCannotBeServedIsRefused(t *testing.T) {
	cases := map[string]struct {
		files []fs.FS
		want  string
	}{
		"two of a name": {[]fs.FS{fstest.MapFS{"a.css": file("1")}, fstest.MapFS{"a.css": file("2")}}, `two files are named "a.css"`},
		"unknown type":  {[]fs.FS{fstest.MapFS{"a.exe": file("1")}}, `no content type is known for ".exe"`},
		"no folder":     {[]fs.FS{os.DirFS(filepath.Join(t.TempDir(), "none"))}, "load assets:"},
	}
	for name, c := range cases {
		if _, err := assets.New(c.files...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", name, err, c.want)
		}
	}
}

func TestExportWritesWhatURLsNameAndNothingElse(t *testing.T) {
	a := open(t, fstest.MapFS{"a.css": file("a{}"), "img/b.svg": file("<svg/>")})
	dir := filepath.Join(t.TempDir(), "site")
	if err := a.WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.css": "a{}", "img/b.svg": "<svg/>"} {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(url(t, a, name))))
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	written := 0
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			written++
		}
		return err
	})
	if err != nil || written != 2 {
		t.Errorf("%d files were written, want 2 (%v)", written, err)
	}
}

// BenchmarkNew is what a program's start pays for compressing the bundles of this module.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := assets.New(ui.Dist()); err != nil {
			b.Fatal(err)
		}
	}
}

func file(content string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(content)}
}

func open(tb testing.TB, fsys ...fs.FS) *assets.Assets {
	tb.Helper()
	a, err := assets.New(fsys...)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func url(tb testing.TB, a *assets.Assets, name string) string {
	tb.Helper()
	u, err := a.URL(name)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}
