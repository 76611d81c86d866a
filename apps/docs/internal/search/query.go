package search

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// An Index answers queries from the files that [Build] made. It is safe for concurrent use.
type Index struct {
	files    fs.FS
	manifest manifest

	mu     sync.Mutex
	shards map[string]shard
}

// Open returns the index whose files lie at the top of files.
func Open(files fs.FS) (*Index, error) {
	i := &Index{files: files, shards: map[string]shard{}}
	if err := readJSON(files, IndexFile, &i.manifest); err != nil {
		return nil, fmt.Errorf("open the search index: %w", err)
	}
	return i, nil
}

func readJSON(files fs.FS, name string, into any) error {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

const (
	maxWords     = 8   // of a query; the rest is ignored
	maxQuery     = 200 // bytes
	minWord      = 2   // a single letter begins too many words
	exactFactor  = 4
	stemFactor   = 3
	prefixFactor = 2
	phraseFactor = 8
)

// Search returns the best matches of a query, at most limit. Entries that match every word come
// before all others; an exact symbol comes first.
func (i *Index) Search(query string, limit int) ([]Hit, error) {
	query = strings.ToLower(strings.TrimSpace(query[:min(len(query), maxQuery)]))
	parts := slices.DeleteFunc(words(query), func(w string) bool { return isStop(w) || len(w) < minWord })
	parts = parts[:min(len(parts), maxWords)]
	total, matched := map[int]int{}, map[int]int{}
	for _, word := range parts {
		best, err := i.match(word)
		if err != nil {
			return nil, err
		}
		for id, score := range best {
			total[id] += score
			matched[id]++
		}
	}
	if len(parts) == 0 || parts[0] != query {
		exact, err := i.postings(query, query)
		if err != nil {
			return nil, err
		}
		for pair := range slices.Chunk(exact[query], 2) {
			total[pair[0]] += pair[1] * phraseFactor
			matched[pair[0]] = len(parts)
		}
	}
	return i.hits(rank(total, matched), limit)
}

// match scores the entries of every term that a word stands for, each by its best.
func (i *Index) match(word string) (map[int]int, error) {
	root := stem(word)
	terms, err := i.postings(root, word)
	if err != nil {
		return nil, err
	}
	best := map[int]int{}
	for term, pairs := range terms {
		for pair := range slices.Chunk(pairs, 2) {
			score := pair[1]
			switch {
			case term == word:
				score *= exactFactor
			case term == root:
				score *= stemFactor
			case strings.HasPrefix(term, word):
				score = score * prefixFactor * runeCount(word) / runeCount(term)
			default:
				continue
			}
			best[pair[0]] = max(best[pair[0]], score)
		}
	}
	return best, nil
}

func runeCount(s string) int { return len([]rune(s)) }

// postings returns the terms from one to the other, with all that begin with the other.
func (i *Index) postings(from, to string) (shard, error) {
	refs := i.manifest.Shards
	found := shard{}
	first := 0
	for at, ref := range refs {
		if ref.First <= from {
			first = at
		}
	}
	for _, ref := range refs[min(first, len(refs)):] {
		if ref.First > to && !strings.HasPrefix(ref.First, to) {
			break
		}
		terms, err := i.shard(ref.File)
		if err != nil {
			return nil, err
		}
		for term, pairs := range terms {
			if term == from || strings.HasPrefix(term, to) {
				found[term] = pairs
			}
		}
	}
	return found, nil
}

func (i *Index) shard(name string) (shard, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.shards[name]; ok {
		return known, nil
	}
	var s shard
	if err := readJSON(i.files, name, &s); err != nil {
		return nil, fmt.Errorf("read the search index: %w", err)
	}
	i.shards[name] = s
	return s, nil
}

// rank orders entries: more of the query's words, then the higher score, then the earlier entry.
func rank(total, matched map[int]int) []int {
	ids := make([]int, 0, len(total))
	for id := range total {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int) int {
		return cmp.Or(cmp.Compare(matched[b], matched[a]), cmp.Compare(total[b], total[a]), cmp.Compare(a, b))
	})
	return ids
}

func (i *Index) hits(ids []int, limit int) ([]Hit, error) {
	ids = ids[:min(len(ids), limit)]
	hits := make([]Hit, 0, len(ids))
	for _, id := range ids {
		var rows [][5]string
		if err := readJSON(i.files, i.manifest.Entries[id/i.manifest.PerFile], &rows); err != nil {
			return nil, fmt.Errorf("read the search index: %w", err)
		}
		r := rows[id%i.manifest.PerFile]
		hits = append(hits, Hit{URL: r[0], Title: r[1], Where: r[2], Kind: r[3], Summary: r[4]})
	}
	return hits, nil
}
