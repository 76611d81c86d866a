package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/apps/docs/internal/workspacetest"
)

// shop is a whole workspace: two modules, two guides.
const shop = `
-- go.work --
go 1.26.0

use (
	./apps/till
	./packages/goods
)
-- apps/till/go.mod --
module example.com/shop/apps/till

go 1.26.0

require example.com/shop/packages/goods v0.0.0

replace example.com/shop/packages/goods => ../../packages/goods
-- apps/till/main.go --
// Command till counts what [goods.Item] costs.
package main

import "example.com/shop/packages/goods"

func main() { _ = goods.New("pen").Price() }
-- packages/goods/go.mod --
module example.com/shop/packages/goods

go 1.26.0
-- packages/goods/goods.go --
// Package goods knows what is sold. Begin with [New].
package goods

import "io"

// A Seller sells.
type Seller interface {
	// Price is in cents.
	Price() int
}

// An Item is sold.
type Item struct {
	// Name is on the label.
	Name string
	hidden int
}

// New makes an item.
func New(name string) *Item { return &Item{Name: name} }

// Price is dear.
func (i *Item) Price() int { return i.hidden }

// WriteTo writes.
//
// Deprecated: say it aloud.
func (i *Item) WriteTo(w io.Writer) (int64, error) { return 0, nil }
-- packages/goods/example_test.go --
package goods_test

import (
	"fmt"

	"example.com/shop/packages/goods"
)

func ExampleNew() {
	fmt.Println(goods.New("pen").Name)
	// Output: pen
}
-- apps/docs/content/index.md --
# The shop

What we sell, and how.

## Guides

- [Selling](selling.md) How it is done.
-- apps/docs/content/selling.md --
# Selling

Call [New](../../../packages/goods#New), as [the till](../../till/main.go#L6) does.

![The till](images/till.svg)

## Prices

> [!WARNING]
> They rise.
-- apps/docs/content/images/till.svg --
<svg xmlns="http://www.w3.org/2000/svg"/>
`

// buildSite builds a workspace's site and returns its files by name, with the error of the build.
func buildSite(t *testing.T, root string, args ...string) (map[string]string, error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "site")
	args = append([]string{"build", "-root=" + root, "-out=" + out}, args...)
	if err := run(t.Context(), args, nil, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
		return nil, err
	}
	files := map[string]string{}
	err := filepath.WalkDir(out, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		rel, _ := filepath.Rel(out, name)
		files[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, nil
}

func mustBuild(t *testing.T, root string, args ...string) map[string]string {
	t.Helper()
	files, err := buildSite(t, root, args...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPagesSayWhatTheSourceSays(t *testing.T) {
	files := mustBuild(t, workspacetest.Write(t, shop))
	for _, c := range []struct{ why, file, want string }{
		{"a guide links a symbol", "guides/selling/index.html", `<a href="/api/packages/goods/#New">New</a>`},
		{"a guide links a line", "guides/selling/index.html", `<a href="/source/apps/till/main.go/#L6">the till</a>`},
		{"a guide shows a picture", "guides/selling/index.html", `<img src="/guides/images/till.svg" alt="The till">`},
		{"a picture lies beside the guides", "guides/images/till.svg", `<svg`},
		{"a callout is an alert", "guides/selling/index.html", `data-tone="warning"`},
		{"a guide is in the navigation", "index.html", `<a class="nav-link" href="/guides/selling/"`},
		{"a result links its type", "api/packages/goods/index.html", `*<a href="/api/packages/goods/#Item">Item</a>`},
		{"a field is reached by its name", "api/packages/goods/index.html", `<span id="Item.Name">Name</span>`},
		{"an interface's method is reached by its name", "api/packages/goods/index.html", `id="Seller.Price"`},
		{"an interface knows who implements it", "api/packages/goods/index.html", `Implemented by:`},
		{"other packages' types lead to their documentation", "api/packages/goods/index.html", `href="https://pkg.go.dev/io#Writer"`},
		{"a comment links a symbol", "api/packages/goods/index.html", `Begin with <a href="/api/packages/goods/#New">New</a>.`},
		{"an example is shown with its output", "api/packages/goods/index.html", `<code>pen</code>`},
		{"what is deprecated says so", "api/packages/goods/index.html", `say it aloud.`},
		{"a command is a command", "api/apps/till/index.html", `command</span>`},
		{"comments link across modules", "api/apps/till/index.html", `<a href="/api/packages/goods/#Item">goods.Item</a>`},
		{"source links across modules", "source/apps/till/main.go/index.html", `href="/api/packages/goods/#Item.Price"`},
		{"source has lines", "source/packages/goods/goods.go/index.html", `id="L7"`},
		{"every symbol is in the index", "symbols/index.html", `<a href="/api/packages/goods/#Item.Price"><code>Item.Price</code></a>`},
		{"the sitemap has whole addresses", "sitemap.xml", `/api/packages/goods/</loc>`},
		{"language models find the guides", "llms.txt", `/guides/selling.md): Call New`},
		{"a guide is there as it is written", "guides/selling.md", "# Selling"},
	} {
		if !strings.Contains(files[c.file], c.want) {
			t.Errorf("%s: %s lacks %s", c.why, c.file, c.want)
		}
	}
	if strings.Contains(files["api/packages/goods/index.html"], "hidden int") {
		t.Error("an unexported field is shown")
	}
}

func TestTwoBuildsGiveTheSameBytes(t *testing.T) {
	root := workspacetest.Write(t, shop)
	first, second := mustBuild(t, root), mustBuild(t, root)
	if len(first) != len(second) {
		t.Fatalf("%d files, then %d", len(first), len(second))
	}
	for name, content := range first {
		if second[name] != content {
			t.Errorf("%s differs", name)
		}
	}
}

func TestADeadLinkFailsTheBuildAndIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ file, content, want string }{
		"page":    {"apps/docs/content/selling.md", "# Selling\n\n[x](gone.md)\n", "selling.md: link to gone.md: there is no apps/docs/content/gone.md"},
		"picture": {"apps/docs/content/selling.md", "# Selling\n\n![x](gone.png)\n", "selling.md: link to gone.png: there is no apps/docs/content/gone.png"},
		"anchor":  {"apps/docs/content/selling.md", "# Selling\n\n[x](#gone)\n", "/guides/selling/: #gone: the page has no such anchor"},
		"symbol":  {"apps/docs/content/selling.md", "# Selling\n\n[x](../../../packages/goods#Gone)\n", "/guides/selling/: /api/packages/goods/#Gone: the page has no such anchor"},
		"comment": {"packages/goods/more.go", "package goods\n\n// More is like [example.com/shop/packages/goods.Less].\nfunc More() {}\n", "/api/packages/goods/: /api/packages/goods/#Less: the page has no such anchor"},
		"orphan":  {"apps/docs/content/orphan.md", "# Orphan\n", "orphan.md is not linked from index.md"},
		"code":    {"packages/goods/more.go", "package goods\n\nvar x int = \"\"\n", "more.go:3:13"},
	} {
		t.Run(name, func(t *testing.T) {
			root := workspacetest.Write(t, shop)
			workspacetest.Put(t, root, c.file, []byte(c.content))
			_, err := buildSite(t, root)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestASiteCanLiveBelowAPath(t *testing.T) {
	files := mustBuild(t, workspacetest.Write(t, shop), "-url=https://example.com/shop")
	page := files["guides/selling/index.html"]
	if !strings.Contains(page, `href="/shop/api/packages/goods/#New"`) || strings.Contains(page, `href="/api/`) {
		t.Error("links do not begin with the path")
	}
	if !strings.Contains(files["sitemap.xml"], "<loc>https://example.com/shop/guides/selling/</loc>") {
		t.Error("the sitemap lacks the whole address")
	}
}

func TestBuildReplacesNothingButASite(t *testing.T) {
	root := workspacetest.Write(t, shop)
	out := t.TempDir()
	workspacetest.Put(t, out, "precious.txt", []byte("mine"))
	err := run(t.Context(), []string{"build", "-root=" + root, "-out=" + out}, nil, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "holds no documentation site") {
		t.Errorf("error %v", err)
	}
	if content, err := os.ReadFile(filepath.Join(out, "precious.txt")); err != nil || string(content) != "mine" {
		t.Errorf("the file is gone: %v", err)
	}
}

func TestTheClosingLineCountsPages(t *testing.T) {
	root := workspacetest.Write(t, shop)
	var said bytes.Buffer
	if err := run(t.Context(), []string{"build", "-root=" + root, "-out=" + filepath.Join(t.TempDir(), "site")}, nil, &bytes.Buffer{}, &said); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), " pages and ") || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("said %q", said.String())
	}
}

func TestUnknownCommandsAreRefused(t *testing.T) {
	err := run(t.Context(), []string{"biuld"}, nil, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `unknown command "biuld"`) {
		t.Errorf("error %v", err)
	}
}
