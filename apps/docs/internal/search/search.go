// Package search makes the site's search index and answers queries from it.
//
// The index is a handful of small JSON files, so that a browser fetches only what a query needs:
//
//   - index.json names all the others, and the first term of each shard;
//   - a shard holds the terms of one alphabetical range, each with its entries and scores;
//   - a page of entries holds what a result shows: title, place, address.
//
// All but index.json are named by their content and never change. [Build] makes the files, [Open]
// reads them again. The browser's script in client/search.ts reads the same files by the same
// rules, in integers throughout, so that both give the same results in the same order.
package search

// An Entry is one thing that can be found: a page, a section of one, a symbol.
type Entry struct {
	// URL leads to the thing, with its anchor.
	URL string
	// Title is a heading's text, or a symbol's name such as Hub.Publish.
	Title string
	// Where says what the entry belongs to: a package's folder, a guide's title.
	Where string
	// Kind is shown beside the title: guide, type, function, …
	Kind string
	// Summary is shown below it, in a sentence.
	Summary string
	// Text is searched and not shown.
	Text string
	// Boost, from 0 to 50, lifts an entry above others that match as well.
	Boost int
}

// A Hit is an entry that a query found.
type Hit struct {
	URL, Title, Where, Kind, Summary string
}

// IndexFile is the name of the file that names all the others.
const IndexFile = "index.json"

// manifest is the content of index.json.
type manifest struct {
	// Shards are ordered by their first terms.
	Shards []shardRef `json:"shards"`
	// Entries are the files of entries, each with PerFile of them but the last.
	Entries []string `json:"entries"`
	PerFile int      `json:"perFile"`
}

type shardRef struct {
	First string `json:"first"`
	File  string `json:"file"`
}

// A shard maps a term to pairs of entry and score, one after the other.
type shard map[string][]int
