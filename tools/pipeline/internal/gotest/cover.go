package gotest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Merge joins coverage profiles as the go command does for several packages: one heading, each block once. In the mode
// "set" a block is covered if one profile covers it, in the others the counts add up.
func Merge(profiles [][]byte) ([]byte, error) {
	mode := ""
	counts := make(map[string]int)
	for _, profile := range profiles {
		for line := range strings.Lines(string(profile)) {
			line = strings.TrimSpace(line)
			if given, ok := strings.CutPrefix(line, "mode: "); ok {
				if mode != "" && mode != given {
					return nil, fmt.Errorf("merge coverage profiles: modes %s and %s", mode, given)
				}
				mode = given
				continue
			}
			at := strings.LastIndexByte(line, ' ')
			if at < 0 {
				continue
			}
			n, err := strconv.Atoi(line[at+1:])
			if err != nil {
				return nil, fmt.Errorf("merge coverage profiles: %q is no block", line)
			}
			if block := line[:at]; mode == "set" {
				counts[block] = max(counts[block], n)
			} else {
				counts[block] += n
			}
		}
	}
	var out bytes.Buffer
	if mode != "" {
		out.WriteString("mode: " + mode + "\n")
	}
	for _, block := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&out, "%s %d\n", block, counts[block])
	}
	return out.Bytes(), nil
}
