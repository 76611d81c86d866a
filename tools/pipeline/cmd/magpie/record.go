package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"magpie.build/tools/pipeline/internal/hash"
)

// A record says what a magefile was compiled from.
type record struct {
	key     string
	size    int64             // of the program, in bytes: a crash of the machine may cut it short
	files   []string          // sorted; they need not exist
	folders map[string]string // by name, what was found in each
	targets []string
}

const recordHeading = "magpie magefile 1"

// A record's file has a heading with the key, then a line for each file, folder and target.
func (r *record) write(file string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\nsize %d\n", recordHeading, r.key, r.size)
	for _, name := range r.files {
		fmt.Fprintf(&b, "file %s\n", name)
	}
	for name, listing := range r.folders {
		fmt.Fprintf(&b, "folder %s %s\n", listing, name)
	}
	for _, name := range r.targets {
		fmt.Fprintf(&b, "target %s\n", name)
	}
	b.WriteString("end\n")
	return hash.WriteFile(file, b.Bytes())
}

var errBrokenRecord = errors.New("broken record")

func readRecord(file string) (*record, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text, whole := strings.CutSuffix(string(data), "end\n")
	first, rest, _ := strings.Cut(text, "\n")
	key, known := strings.CutPrefix(first, recordHeading+" ")
	if !whole || !known {
		return nil, errBrokenRecord
	}
	r := &record{key: key, folders: make(map[string]string)}
	for line := range strings.Lines(rest) {
		kind, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch kind {
		case "size":
			if r.size, err = strconv.ParseInt(value, 10, 64); err != nil {
				return nil, errBrokenRecord
			}
		case "file":
			r.files = append(r.files, value)
		case "folder":
			listing, name, _ := strings.Cut(value, " ")
			r.folders[name] = listing
		case "target":
			r.targets = append(r.targets, value)
		default:
			return nil, errBrokenRecord
		}
	}
	return r, nil
}
