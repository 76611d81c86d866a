// Package record keeps what the keys of tasks were made of, so that one can say what makes a key differ from the last.
//
// It is for people who ask, and decides nothing: what is lost or damaged is only an answer less.
package record

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
)

// A Sum is the beginning of a hash: enough to tell two states apart, too little to guess a secret from.
type Sum uint64

// SumOf returns the sum of a text.
func SumOf(text string) Sum {
	whole := sha256.Sum256([]byte(text))
	return Sum(binary.LittleEndian.Uint64(whole[:8]))
}

// A Part is one thing that a key was made of.
type Part struct {
	// Kind says what it is: "file", "variable".
	Kind string
	// Name tells it from others of its kind.
	Name string
	// Sum is that of its content or value.
	Sum Sum
}

// An Entry is what the key of one task was made of when it was last recorded.
type Entry struct {
	Key  hash.Key
	Time time.Time
	// Parts do not include the files of packages.
	Parts []Part
	// Packages are the sums under which the book has the parts that tasks have in common, by a name: the files of a package
	// by its folder.
	Packages map[string]Sum
	// Causes are how the entry differed from the one before.
	Causes []Cause
}

// A Cause is a difference between two entries.
type Cause struct {
	// Kind and Name are those of the part.
	Kind, Name string
	// Change is "changed", "new" or "gone".
	Change string
}

// A Book is the entries of a workspace. It is not safe for concurrent use.
type Book struct {
	Tasks map[string]Entry
	Files map[Sum][]Part // of packages and the like
}

// The file of a book: a heading with the version; the number of packages, and each with its sum and files; then each task;
// last, a seal.
const heading = "magpie record 2\n"

// Open reads the book kept in file. What cannot be read counts as empty.
func Open(file string) *Book {
	b := &Book{Tasks: make(map[string]Entry), Files: make(map[Sum][]Part)}
	if data, err := os.ReadFile(file); err == nil {
		if read, err := decode(data); err == nil {
			return read
		}
	}
	return b
}

// Save writes the book to file, in one step, without packages that no task has any more.
func (b *Book) Save(file string) error {
	used := make(map[Sum]bool)
	for _, e := range b.Tasks {
		for _, sum := range e.Packages {
			used[sum] = true
		}
	}
	maps.DeleteFunc(b.Files, func(sum Sum, _ []Part) bool { return !used[sum] })
	if err := hash.WriteFile(file, b.encode()); err != nil {
		return fmt.Errorf("save the record of keys: %w", err)
	}
	return nil
}

// Put records an entry of a task, with how it differs from the one before.
func (b *Book) Put(task string, e Entry) {
	if before, ok := b.Tasks[task]; ok {
		e.Causes = b.Compare(before, e)
	}
	b.Tasks[task] = e
}

// Compare returns how an entry differs from an earlier one: what is gone, new or changed, in the order of kinds in which
// people look, and by name.
func (b *Book) Compare(before, after Entry) []Cause {
	old, now := b.parts(before, after), b.parts(after, before)
	var causes []Cause
	for id, sum := range now {
		switch was, ok := old[id]; {
		case !ok:
			causes = append(causes, Cause{id.kind, id.name, "new"})
		case was != sum:
			causes = append(causes, Cause{id.kind, id.name, "changed"})
		}
	}
	for id := range old {
		if _, ok := now[id]; !ok {
			causes = append(causes, Cause{id.kind, id.name, "gone"})
		}
	}
	slices.SortFunc(causes, func(a, b Cause) int { return compare(a, b) })
	return causes
}

// id tells parts apart.
type id struct{ kind, name string }

// parts returns the parts of one entry, of its packages only the files of those that differ in the other.
func (b *Book) parts(of, other Entry) map[id]Sum {
	all := make(map[id]Sum)
	for _, p := range of.Parts {
		all[id{p.Kind, p.Name}] = p.Sum
	}
	for dir, sum := range of.Packages {
		files, known := b.Files[sum]
		switch {
		case other.Packages[dir] == sum:
		case !known:
			all[id{"package", dir}] = sum
		default:
			for _, p := range files {
				all[id{p.Kind, p.Name}] = p.Sum
			}
		}
	}
	return all
}

// order is that of kinds, what is smallest and nearest first.
var order = []string{"command", "argument", "outputs", "variable", "file", "package", "dependency", "go.mod", "go.sum", "go.work", "setting", "C compiler", "toolchain", "magefile", "rules"}

func compare(a, b Cause) int {
	if d := slices.Index(order, a.Kind) - slices.Index(order, b.Kind); d != 0 {
		return d
	}
	if a.Name < b.Name {
		return -1
	}
	return 1
}

func (b *Book) encode() []byte {
	out := []byte(heading)
	out = binary.AppendUvarint(out, uint64(len(b.Files)))
	for _, sum := range slices.Sorted(maps.Keys(b.Files)) {
		out = appendParts(binary.LittleEndian.AppendUint64(out, uint64(sum)), b.Files[sum])
	}
	for _, task := range slices.Sorted(maps.Keys(b.Tasks)) {
		e := b.Tasks[task]
		out = append(packed.AppendString(out, task), e.Key[:]...)
		out = binary.LittleEndian.AppendUint64(out, uint64(e.Time.UnixNano()))
		out = appendParts(out, e.Parts)
		out = binary.AppendUvarint(out, uint64(len(e.Packages)))
		for _, dir := range slices.Sorted(maps.Keys(e.Packages)) {
			out = binary.LittleEndian.AppendUint64(packed.AppendString(out, dir), uint64(e.Packages[dir]))
		}
		out = binary.AppendUvarint(out, uint64(len(e.Causes)))
		for _, c := range e.Causes {
			out = packed.AppendString(packed.AppendString(packed.AppendString(out, c.Kind), c.Name), c.Change)
		}
	}
	return packed.Seal(out)
}

func appendParts(out []byte, parts []Part) []byte {
	out = binary.AppendUvarint(out, uint64(len(parts)))
	for _, p := range parts {
		out = packed.AppendString(packed.AppendString(out, p.Kind), p.Name)
		out = binary.LittleEndian.AppendUint64(out, uint64(p.Sum))
	}
	return out
}

var errBroken = errors.New("broken record")

func decode(data []byte) (*Book, error) {
	r, ok := packed.Unseal(heading, data)
	if !ok {
		return nil, errBroken
	}
	b := &Book{Tasks: make(map[string]Entry), Files: make(map[Sum][]Part)}
	for range count(r) {
		sum := Sum(r.Fixed())
		b.Files[sum] = takeParts(r)
	}
	for r.More() {
		task := r.String()
		e := Entry{Packages: make(map[string]Sum)}
		copy(e.Key[:], r.Take(uint64(len(e.Key))))
		e.Time = time.Unix(0, r.Fixed())
		e.Parts = takeParts(r)
		for range count(r) {
			dir := r.String()
			e.Packages[dir] = Sum(r.Fixed())
		}
		for range count(r) {
			e.Causes = append(e.Causes, Cause{r.String(), r.String(), r.String()})
		}
		b.Tasks[task] = e
	}
	if r.Broken {
		return nil, errBroken
	}
	return b, nil
}

// count returns how many values follow, each of which takes a byte at least.
func count(r *packed.Reader) int {
	n := r.Uint()
	if n > uint64(len(r.Data)) {
		r.Broken = true
		return 0
	}
	return int(n)
}

func takeParts(r *packed.Reader) []Part {
	var parts []Part
	for range count(r) {
		p := Part{Kind: r.String(), Name: r.String()}
		p.Sum = Sum(r.Fixed())
		parts = append(parts, p)
	}
	return parts
}
