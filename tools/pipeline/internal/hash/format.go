package hash

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/packed"
)

// The index file: a heading with the version; then, by name, each folder as length and bytes of its name, length and
// bytes of the rest; last, a seal. The rest of a folder: its stat, its memos as labels and texts in turn,
// the number of its records, and by name each of them as name, type, a byte of marks, and where it is hashed the stat, the content hash
// and the note.
//
// A checksum against damage is enough: who can write the index can write the artifacts too.
const heading = "magpie index 5\n"

// errBroken says that a file is not an index, or not a whole one.
var errBroken = errors.New("broken file index")

// marks of a record.
const (
	markLies = 1 << iota
	markHashed
	markNoted
)

// Save writes the index, in one step, if anything in it changed.
func (x *Index) Save() error {
	if !x.changed.Load() {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var folders []packedFolder
	for _, all := range []map[string]*folder{x.known, x.folders} {
		for name, f := range all {
			if text := f.pack(x); text != "" {
				folders = append(folders, packedFolder{name, text})
			}
		}
	}
	slices.SortFunc(folders, func(a, b packedFolder) int { return cmp.Compare(a.name, b.name) })
	if err := WriteFile(x.file, encode(folders)); err != nil {
		return fmt.Errorf("save file index: %w", err)
	}
	x.changed.Store(false)
	return nil
}

// A packedFolder is a folder in the index file.
type packedFolder struct{ name, rest string }

func encode(folders []packedFolder) []byte {
	size := len(heading) + binary.MaxVarintLen64
	for _, f := range folders {
		size += len(f.name) + len(f.rest) + 2*binary.MaxVarintLen32
	}
	out := append(make([]byte, 0, size), heading...)
	for _, f := range folders {
		out = packed.AppendString(packed.AppendString(out, f.name), f.rest)
	}
	return packed.Seal(out)
}

func decode(data []byte) ([]packedFolder, error) {
	r, ok := packed.Unseal(heading, data)
	if !ok {
		return nil, errBroken
	}
	var folders []packedFolder
	for r.More() {
		f := packedFolder{r.String(), r.String()}
		if len(folders) > 0 && f.name <= folders[len(folders)-1].name {
			return nil, errBroken
		}
		folders = append(folders, f)
	}
	if r.Broken {
		return nil, errBroken
	}
	return folders, nil
}

// pack returns what the index file keeps of a folder, nothing where it is gone.
func (f *folder) pack(x *Index) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isMet { // it may be gone for good
		f.find(x)
		if _, err := f.from.lstat(f.itself()); Missing(err) {
			return ""
		}
	}
	if f.packed != "" || len(f.records) == 0 && f.seen == (stat{}) {
		return f.packed
	}
	out := appendStat(nil, f.seen)
	var memos []string
	for _, m := range f.memos {
		memos = append(memos, m.label, m.text)
	}
	out = packed.AppendStrings(out, memos)
	kept := slices.DeleteFunc(slices.Clone(f.records), func(r *record) bool { return f.marks(r) == 0 })
	out = binary.AppendUvarint(out, uint64(len(kept)))
	for _, r := range kept {
		marks := f.marks(r)
		out = append(packed.AppendString(out, r.Name()), marks)
		out = binary.AppendUvarint(out, uint64(r.kind))
		if marks&markHashed != 0 {
			out = append(appendStat(out, r.seen), r.content...)
		}
		if marks&markNoted != 0 {
			out = packed.AppendString(out, r.note)
		}
	}
	return string(out)
}

// marks says what there is to keep of a record.
func (f *folder) marks(r *record) (marks byte) {
	if r.lies && f.seen != (stat{}) {
		marks |= markLies
	}
	if r.hashed && r.settled {
		marks |= markHashed
		if r.noted {
			marks |= markNoted
		}
	}
	return marks
}

// unpack is the reverse of pack.
func (f *folder) unpack(text string) error {
	r := packed.Reader{Data: text}
	f.seen = readStat(&r)
	for pair := range slices.Chunk(r.Strings(), 2) {
		if len(pair) < 2 {
			return errBroken
		}
		f.memos = append(f.memos, memo{pair[0], pair[1]})
	}
	room := min(r.Uint(), uint64(len(r.Data))) // each takes a byte at least
	records := make([]record, 0, room)
	f.records, f.listing = make([]*record, 0, room), make([]fs.DirEntry, 0, room)
	for r.More() {
		if uint64(len(records)) == room {
			return errBroken
		}
		records = append(records, record{path: r.String(), in: f})
		one := &records[len(records)-1]
		marks := r.Take(1)
		one.kind = fs.FileMode(r.Uint())
		if r.Broken {
			break
		}
		if marks[0]&markHashed != 0 {
			one.seen, one.hashed, one.settled = readStat(&r), true, true
			one.content = r.Take(uint64(len(Content{})))
		}
		if marks[0]&markNoted != 0 {
			one.note, one.noted = r.String(), true
		}
		one.lies = marks[0]&markLies != 0
		f.records = append(f.records, one)
		if one.lies {
			f.listing = append(f.listing, one)
		}
	}
	if r.Broken || !slices.IsSortedFunc(f.records, func(a, b *record) int { return cmp.Compare(a.path, b.path) }) {
		return errBroken
	}
	f.joinNames(records)
	return nil
}

// joinNames makes paths of names, all in one piece of memory.
func (f *folder) joinNames(records []record) {
	if f.above == 0 {
		return
	}
	size := 0
	for i := range records {
		size += f.above + len(records[i].path)
	}
	above := glob.Join(f.name, "")
	var all strings.Builder
	all.Grow(size)
	for i := range records {
		all.WriteString(above)
		all.WriteString(records[i].path)
	}
	rest := all.String()
	for i := range records {
		r := &records[i]
		size := f.above + len(r.path)
		r.path, rest = rest[:size], rest[size:]
	}
}

func appendStat(out []byte, s stat) []byte {
	out = binary.AppendVarint(out, s.size)
	out = binary.LittleEndian.AppendUint64(out, uint64(s.modified))
	out = binary.LittleEndian.AppendUint64(out, uint64(s.changed))
	out = binary.AppendUvarint(out, s.inode)
	return binary.AppendUvarint(out, uint64(s.mode))
}

func readStat(r *packed.Reader) stat {
	return stat{size: r.Int(), modified: r.Fixed(), changed: r.Fixed(), inode: r.Uint(), mode: fs.FileMode(r.Uint())}
}
