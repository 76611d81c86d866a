package search

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

const (
	shardBytes = 12 << 10 // some 4 kB compressed: one fetch a word, and few files
	perFile    = 32       // a query's ten results touch several of these
)

// Scores of one term in one entry. The largest, with the largest boost, stays below 256.
const (
	exactScore = 200 // the term is the whole title, or the last part of a symbol's name
	titleScore = 80
	whereScore = 25
	textScore  = 10 // and a little for each repetition
	maxRepeats = 5
)

// Build returns the files of an index over entries, by name. The same entries make the same
// bytes. Of entries that match a query equally well, earlier ones are found first.
func Build(entries []Entry) (map[string][]byte, error) {
	files := map[string][]byte{}
	m := manifest{PerFile: perFile}
	for chunk := range slices.Chunk(entries, perFile) {
		hits := make([]Hit, 0, len(chunk))
		for _, e := range chunk {
			hits = append(hits, Hit{e.URL, e.Title, e.Where, e.Kind, e.Summary})
		}
		name, err := addFile(files, "entries", rows(hits))
		if err != nil {
			return nil, err
		}
		m.Entries = append(m.Entries, name)
	}
	postings := invert(entries)
	for _, terms := range divide(postings) {
		content := shard{}
		for _, term := range terms {
			content[term] = postings[term]
		}
		name, err := addFile(files, "terms", content)
		if err != nil {
			return nil, err
		}
		m.Shards = append(m.Shards, shardRef{First: terms[0], File: name})
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	files[IndexFile] = encoded
	return files, nil
}

func rows(hits []Hit) [][5]string {
	out := make([][5]string, 0, len(hits))
	for _, h := range hits {
		out = append(out, [5]string{h.URL, h.Title, h.Where, h.Kind, h.Summary})
	}
	return out
}

func addFile(files map[string][]byte, kind string, content any) (string, error) {
	encoded, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	name := kind + "-" + hex.EncodeToString(sum[:5]) + ".json"
	files[name] = encoded
	return name, nil
}

// invert maps each term to its entries and scores.
func invert(entries []Entry) shard {
	postings := shard{}
	for id, e := range entries {
		scores := score(e)
		for _, term := range slices.Sorted(maps.Keys(scores)) {
			postings[term] = append(postings[term], id, scores[term])
		}
	}
	return postings
}

// score weighs each term of an entry by the best place where it stands.
func score(e Entry) map[string]int {
	scores := map[string]int{}
	raise := func(term string, score int) { scores[term] = max(scores[term], min(score+e.Boost, 255)) }
	repeats := map[string]int{}
	for _, term := range textTerms(e.Text + "\n" + e.Summary) {
		repeats[term] = min(repeats[term]+1, maxRepeats)
		raise(term, textScore+2*repeats[term])
	}
	for _, term := range titleTerms(e.Where) {
		raise(term, whereScore)
	}
	for _, term := range titleTerms(e.Title) {
		raise(term, titleScore)
	}
	for _, term := range names(e.Title, e.Where) {
		raise(term, exactScore)
	}
	return scores
}

// divide cuts the sorted terms into ranges of about shardBytes.
func divide(postings shard) [][]string {
	var ranges [][]string
	size := shardBytes
	for _, term := range slices.Sorted(maps.Keys(postings)) {
		if size >= shardBytes {
			ranges, size = append(ranges, nil), 0
		}
		last := len(ranges) - 1
		ranges[last] = append(ranges[last], term)
		size += len(term) + 4*len(postings[term])
	}
	return ranges
}
