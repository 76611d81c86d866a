package render

import (
	"fmt"
	"strconv"
	"strings"

	"magpie.build/apps/docs/internal/search"
)

// Where the search index lies: the file that names all others, and the folder of all.
const (
	SearchIndexDir     = "/search-index/"
	SearchIndexAddress = SearchIndexDir + search.IndexFile
)

// planSearch adds the page that shows a query's results and the one for what does not exist.
func (s *Site) planSearch() {
	s.add(&Page{
		Address: searchAt, Title: "Search", Description: "Search the documentation.", section: "/", unlisted: true,
		body: searchPage,
	})
	s.add(&Page{
		Address: notFoundAt, Title: "There is no such page", section: "/", unlisted: true,
		body: notFoundPage,
	})
}

// SearchIndex returns the files of the search index by their addresses. They are made once.
func (s *Site) SearchIndex() (map[string][]byte, error) {
	s.indexOnce.Do(func() { s.index, s.indexErr = s.buildIndex() })
	return s.index, s.indexErr
}

func (s *Site) buildIndex() (map[string][]byte, error) {
	var entries []search.Entry
	for _, p := range s.pages {
		if p.entries != nil {
			entries = append(entries, p.entries()...)
		}
	}
	base := strings.TrimSuffix(s.sources.BaseURL.Path, "/")
	for i := range entries {
		entries[i].URL = base + entries[i].URL
	}
	files, err := search.Build(entries)
	if err != nil {
		return nil, fmt.Errorf("build the search index: %w", err)
	}
	index := make(map[string][]byte, len(files))
	for name, content := range files {
		index[SearchIndexDir+name] = content
	}
	return index, nil
}

// EmptyResults is what the search page holds until a query is answered.
const EmptyResults = `<p class="docs-kind" role="status" data-search-status></p><ol class="results" data-search-results></ol>`

// QueryBox is the part of the search page's input that a value follows.
const QueryBox = `id="query" name="q"`

func resultCount(n int) string {
	switch n {
	case 0:
		return "Nothing found. Try fewer words."
	case 1:
		return "1 result"
	default:
		return strconv.Itoa(n) + " results"
	}
}
