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

// A Book is the entries of a workspace, and the files of packages that they share. It is not safe for concurrent use.
//
// It keeps them packed: a run in which little changed notes one entry among thousands.
type Book struct {
	tasks map[string]string
	files map[Sum]string
}

// The file of a book: a heading with the version; the number of packages, and each with its sum and files; then each task;
// last, a seal.
const heading = "magpie record 3\n"

// Open reads the book kept in file. What cannot be read counts as empty.
func Open(file string) *Book {
	if data, err := os.ReadFile(file); err == nil {
		if read, err := decode(data); err == nil {
			return read
		}
	}
	return &Book{tasks: make(map[string]string), files: make(map[Sum]string)}
}

// Save writes the book to file, in one step, without packages that no task has any more.
func (b *Book) Save(file string) error {
	used := make(map[Sum]bool)
	for _, text := range b.tasks {
		r := &packed.Reader{Data: text}
		takeHead(r)
		for range count(r) {
			_ = r.String()
			used[Sum(r.Fixed())] = true
		}
	}
	maps.DeleteFunc(b.files, func(sum Sum, _ string) bool { return !used[sum] })
	if err := hash.WriteFile(file, b.encode()); err != nil {
		return fmt.Errorf("save the record of keys: %w", err)
	}
	return nil
}

// Task returns the entry of a task.
func (b *Book) Task(task string) (Entry, bool) {
	text, ok := b.tasks[task]
	if !ok {
		return Entry{}, false
	}
	r := &packed.Reader{Data: text}
	e := takeEntry(r)
	return e, !r.Broken && !r.More()
}

// Has reports whether it is known what a package has.
func (b *Book) Has(sum Sum) bool {
	_, ok := b.files[sum]
	return ok
}

// Files returns what a package has whose sum some entry has.
func (b *Book) Files(sum Sum) ([]Part, bool) {
	text, ok := b.files[sum]
	return takeParts(&packed.Reader{Data: text}), ok
}

// PutFiles records what a package has.
func (b *Book) PutFiles(sum Sum, files []Part) { b.files[sum] = string(appendParts(nil, files)) }

// Put records an entry of a task, with how it differs from the one before.
func (b *Book) Put(task string, e Entry) {
	if before, ok := b.Task(task); ok {
		e.Causes = b.Compare(before, e)
	}
	b.tasks[task] = string(appendEntry(nil, e))
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
		files, known := b.Files(sum)
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
	out = binary.AppendUvarint(out, uint64(len(b.files)))
	for _, sum := range slices.Sorted(maps.Keys(b.files)) {
		out = packed.AppendString(binary.LittleEndian.AppendUint64(out, uint64(sum)), b.files[sum])
	}
	for _, task := range slices.Sorted(maps.Keys(b.tasks)) {
		out = packed.AppendString(packed.AppendString(out, task), b.tasks[task])
	}
	return packed.Seal(out)
}

func appendEntry(out []byte, e Entry) []byte {
	out = binary.LittleEndian.AppendUint64(append(out, e.Key[:]...), uint64(e.Time.UnixNano()))
	out = binary.AppendUvarint(out, uint64(len(e.Packages)))
	for _, dir := range slices.Sorted(maps.Keys(e.Packages)) {
		out = binary.LittleEndian.AppendUint64(packed.AppendString(out, dir), uint64(e.Packages[dir]))
	}
	out = appendParts(out, e.Parts)
	out = binary.AppendUvarint(out, uint64(len(e.Causes)))
	for _, c := range e.Causes {
		out = packed.AppendString(packed.AppendString(packed.AppendString(out, c.Kind), c.Name), c.Change)
	}
	return out
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
	b := &Book{tasks: make(map[string]string), files: make(map[Sum]string)}
	for range count(r) {
		sum := Sum(r.Fixed())
		b.files[sum] = r.String()
	}
	for r.More() {
		task := r.String()
		b.tasks[task] = r.String()
	}
	if r.Broken {
		return nil, errBroken
	}
	return b, nil
}

// takeHead takes what an entry begins with.
func takeHead(r *packed.Reader) (key hash.Key, at time.Time) {
	copy(key[:], r.Take(uint64(len(key))))
	return key, time.Unix(0, r.Fixed())
}

func takeEntry(r *packed.Reader) Entry {
	e := Entry{Packages: make(map[string]Sum)}
	e.Key, e.Time = takeHead(r)
	for range count(r) {
		dir := r.String()
		e.Packages[dir] = Sum(r.Fixed())
	}
	e.Parts = takeParts(r)
	for range count(r) {
		e.Causes = append(e.Causes, Cause{r.String(), r.String(), r.String()})
	}
	return e
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
