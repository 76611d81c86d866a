// Package headers keeps what is read of Go files as notes of the file index, so that a file whose stat the index knows
// is not opened: the header, which says what the file imports, and the sum of what the compiler sees of it.
package headers

import (
	"crypto/sha256"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
)

// A Store is the headers of one workspace. Safe for concurrent use.
type Store struct{ index *hash.Index }

var _ gosource.Headers = Store{}

// New returns the headers of the files of an index.
func New(index *hash.Index) Store { return Store{index} }

// Load returns the header of the file called name, relative to the root. It reports false for a link and for what
// cannot be read: whoever asks reads it then, or meets the error.
func (s Store) Load(name string) (gosource.Header, bool) {
	file, text, err := s.note(name)
	if err != nil || !file.Mode.IsRegular() {
		return gosource.Header{}, false
	}
	r := packed.Reader{Data: text}
	header := gosource.Header{Constraint: r.String(), Package: r.String(), Imports: r.Strings(), Embeds: r.Strings()}
	return header, !r.Broken
}

// Store does nothing: Load kept it.
func (s Store) Store(string, []byte, gosource.Header) {}

// Compiled returns the sum of what [gosource.Compiled] leaves of a Go file, or that it is a link, which has none. The
// error is that of [hash.Index.File].
func (s Store) Compiled(name string) (sum hash.Content, isLink bool, err error) {
	file, text, err := s.note(name)
	if err != nil || !file.Mode.IsRegular() || len(text) < len(sum) {
		return sum, true, err
	}
	copy(sum[:], text[len(text)-len(sum):])
	return sum, false, nil
}

func (s Store) note(name string) (hash.File, string, error) {
	return s.index.Note(name, func(content []byte) string {
		h := gosource.ParseHeader(name, content)
		out := packed.AppendString(packed.AppendString(nil, h.Constraint), h.Package)
		out = packed.AppendStrings(packed.AppendStrings(out, h.Imports), h.Embeds)
		sum := sha256.Sum256(gosource.Compiled(name, content, h))
		return string(append(out, sum[:]...))
	})
}
