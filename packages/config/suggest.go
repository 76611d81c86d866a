package config

// closest returns the known name that is nearest to name in single-letter edits, or nothing when all
// of them are too far off to be meant.
func closest(name string, known []string) string {
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if d := distance(name, k); d <= least && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// longName bounds the work for names that are nobody's typing mistake.
const longName = 100

// distance counts the letters to add, remove or replace to make a into b (Levenshtein).
func distance(a, b string) int {
	if len(a) > longName || len(b) > longName {
		return longName
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
