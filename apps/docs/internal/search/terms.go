package search

import (
	"path"
	"strings"
	"unicode"
)

// The rules of this file are also those of client/search.ts, as far as queries need them:
// words, isStop and stem must stay the same there.

const stopWords = " a an and are as at be by for from has in is it its of on or that the this to was with " //nolint:gosec // words, no credentials

func isStop(word string) bool { return strings.Contains(stopWords, " "+word+" ") }

// words returns the runs of letters and digits in text, in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) || r > 0xFFFF
	})
}

// stem takes a common English ending off a word, so that "subscribing" finds "subscribe".
func stem(word string) string {
	for _, ending := range []string{"ing", "ed", "es", "s", "e"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) >= 4 {
			return rest
		}
	}
	return word
}

// textTerms returns what prose is found by: its words, by their stems.
func textTerms(text string) []string {
	var terms []string
	for _, word := range words(text) {
		if len(word) > 1 && len(word) <= 40 && !isStop(word) {
			terms = append(terms, stem(word))
		}
	}
	return terms
}

// titleTerms returns what a title is found by: its words as they are and by their stems, and
// the parts of camelCase and snake_case names.
func titleTerms(title string) []string {
	var terms []string
	for _, field := range strings.FieldsFunc(title, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	}) {
		whole := strings.ToLower(strings.ReplaceAll(field, "_", ""))
		for _, term := range append(words(splitCamel(field)), whole) {
			if len(term) > 1 && !isStop(term) {
				terms = append(terms, term, stem(term))
			}
		}
	}
	return terms
}

// splitCamel puts a space before each part of a camelCase name; HTTPServer is HTTP and Server.
func splitCamel(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				out.WriteByte(' ')
			}
		}
		out.WriteRune(r)
	}
	return out.String()
}

// names returns the ways to name an entry exactly: Hub.Publish is also Publish, and
// realtime.Hub.Publish by the folder that it lies in.
func names(title, where string) []string {
	if strings.ContainsAny(title, " \t") {
		return []string{strings.ToLower(title)}
	}
	full := strings.ToLower(title)
	all := []string{full, strings.ReplaceAll(full, "_", ""), strings.ToLower(path.Base(where)) + "." + full}
	if _, last, ok := strings.Cut(full, "."); ok {
		all = append(all, last)
	}
	return all
}
