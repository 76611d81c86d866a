// Package export renders a whole site and writes it as static files.
//
// Everything is rendered and checked in memory before the first file is written, and the folder
// is replaced as a whole, so that a failure leaves the old site as it was. The same workspace
// gives the same bytes.
package export

import (
	"context"
	"maps"
	"sync"

	"magpie.build/apps/docs/internal/links"
	"magpie.build/apps/docs/internal/render"
	"magpie.build/packages/ui/assets"
)

// A Site is a rendered site.
type Site struct {
	// Files are the site's files but the assets by their addresses; a page's ends with a slash.
	Files map[string][]byte
	// Pages is how many of the files are pages.
	Pages int
	// Problems are the links that lead nowhere.
	Problems []links.Problem

	assets *assets.Assets
}

// Make renders every page and checks every link.
func Make(ctx context.Context, site *render.Site) (*Site, error) {
	s := &Site{Files: map[string][]byte{}, Pages: len(site.Pages())}
	index, err := site.SearchIndex()
	if err != nil {
		return nil, err
	}
	files, err := site.Files()
	if err != nil {
		return nil, err
	}
	maps.Copy(s.Files, index)
	maps.Copy(s.Files, files)
	s.assets = site.Assets()
	known := map[string]bool{}
	for _, name := range s.assets.Names() {
		address, err := s.assets.URL(name)
		if err != nil {
			return nil, err
		}
		known[address] = true
	}

	var mu sync.Mutex
	pages := map[string]*links.Page{}
	err = site.All(ctx, func(p *render.Page, content []byte) error {
		read := links.Read(content)
		based := site.Based(content)
		mu.Lock()
		defer mu.Unlock()
		pages[p.Address], s.Files[p.Address] = read, based
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.Problems = links.Check(pages, func(address string) bool {
		_, ok := s.Files[address]
		return ok || known[address]
	})
	return s, nil
}
