// Package suggest finds the name that somebody probably meant.
package suggest

import (
	"fmt"
	"strings"
)

// Hint returns a line to put behind an error about an unknown name: the known name that is nearest to it,
// or all of them when none is near.
func Hint(name string, known []string) string {
	if near := Nearest(name, known); near != "" || len(known) == 0 {
		return near
	}
	return "\nhint: there are " + strings.Join(known, ", ")
}

// Nearest returns the same line where a known name is near, for names of which there are too many to list.
func Nearest(name string, known []string) string {
	best, bestAt := "", max(2, len(name)/3)+1
	for _, candidate := range known {
		if d := distance(name, candidate); d < bestAt {
			best, bestAt = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("\nhint: did you mean %q?", best)
}

// distance is how many letters have to be added, dropped, replaced or swapped with their neighbour.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
