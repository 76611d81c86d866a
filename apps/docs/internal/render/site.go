// Package render makes the pages of the documentation site.
//
// [New] plans the site: it gives each page its address and knows what can be linked. A page is
// rendered when somebody asks for it, so that a server answers at once after a change, while
// [Site.All] renders every page, as many at once as there are processors.
//
// Addresses begin with a slash. A page's address ends with one and is served from the
// index.html in the folder of that name, as every file server does.
package render

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"runtime"
	"sync"

	"github.com/a-h/templ"
	"golang.org/x/sync/errgroup"

	"magpie.build/apps/docs/internal/links"
	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/search"
	"magpie.build/apps/docs/internal/tasks"
	"magpie.build/packages/ui/assets"
	"magpie.build/packages/ui/breadcrumb"
	"magpie.build/packages/ui/nav"
)

// Sources are what a site is made of.
type Sources struct {
	Workspace *load.Workspace
	// Content is the folder of the guides, with slashes, relative to the workspace's root.
	Content string
	// Tasks is what the magefile offers; nil leaves the task reference out.
	Tasks *tasks.Reference
	// Assets are the style sheets and scripts that pages link.
	Assets *assets.Assets
	// BaseURL is where the site will live. Its path, which ends with a slash, goes before every
	// address; the whole of it into the sitemap.
	BaseURL *url.URL
}

// A Site is a planned site. It is safe for concurrent use.
type Site struct {
	sources  Sources
	name     string
	pages    []*Page
	byPath   map[string]*Page
	sections []nav.Item
	guides   []*guide
	linked   []string          // files outside packages that guides link
	images   map[string][]byte // that guides show, by address

	indexOnce sync.Once
	index     map[string][]byte
	indexErr  error
}

// A Page is one page of the site.
type Page struct {
	Address     string
	Title       string
	Description string

	section  string            // the address of the section whose navigation the page shows
	parents  []breadcrumb.Item // from the section down
	outline  []nav.Item
	entries  func() []search.Entry
	body     func() templ.Component // called once a rendering
	previous *Page
	next     *Page
	markdown []byte // of guides: the text that llms.txt points to
	unlisted bool   // not in the sitemap
}

// New plans the site. Guides that cannot be read, with links that nothing stands for, are
// problems that the error names all together.
func New(sources Sources) (*Site, error) {
	s := &Site{sources: sources, name: "Magpie", byPath: map[string]*Page{}, images: map[string][]byte{}}
	if err := s.planGuides(); err != nil {
		return nil, fmt.Errorf("read the guides in %s: %w", sources.Content, err)
	}
	s.planPackages()
	s.planComponents()
	if err := s.planSettings(); err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	s.planTasks()
	if err := s.planSources(); err != nil {
		return nil, fmt.Errorf("read what the guides link: %w", err)
	}
	s.planSearch()
	return s, nil
}

func (s *Site) add(p *Page) *Page {
	s.pages = append(s.pages, p)
	s.byPath[p.Address] = p
	return p
}

// Pages returns all pages in the order in which they were planned.
func (s *Site) Pages() []*Page { return s.pages }

// Page returns the page at an address, or nil.
func (s *Site) Page(address string) *Page { return s.byPath[address] }

// Render returns a page's HTML, with addresses as if the site lived at the root of its host.
func (s *Site) Render(ctx context.Context, p *Page) ([]byte, error) {
	var out bytes.Buffer
	if err := s.layout(p).Render(ctx, &out); err != nil {
		return nil, fmt.Errorf("render %s: %w", p.Address, err)
	}
	return out.Bytes(), nil
}

// Based returns a page's HTML with the path of the site's URL before each of its addresses.
func (s *Site) Based(html []byte) []byte { return links.Rebase(html, s.sources.BaseURL.Path) }

// Assets are the style sheets and scripts that pages link.
func (s *Site) Assets() *assets.Assets { return s.sources.Assets }

// All renders every page and calls each with the result, from several goroutines at once. It
// stops at the first error.
func (s *Site) All(ctx context.Context, each func(p *Page, html []byte) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range s.pages {
		group.Go(func() error {
			html, err := s.Render(ctx, p)
			if err != nil {
				return err
			}
			return each(p, html)
		})
	}
	return group.Wait()
}

// asset returns the address of a style sheet or script. Which there are is known when the
// program is built, and a test renders pages that use them all.
func (s *Site) asset(name string) string {
	address, err := s.sources.Assets.URL(name)
	if err != nil {
		return "/missing/" + name // the link check names it
	}
	return address
}
