// Package headers keeps what the beginnings of Go files say, by the files' content, so that a file whose stat
// the index knows is not opened to learn what it imports.
package headers

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"os"
	"sync"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
)

// slack is how many headers that a run did not ask for are kept: those of other branches and other tasks.
const slack = 10_000

// A Store is the headers of one workspace. Safe for concurrent use.
type Store struct {
	index *hash.Index
	file  string

	mu      sync.Mutex
	known   map[hash.Content]gosource.Header
	used    map[hash.Content]bool
	changed bool
}

var _ gosource.Headers = (*Store)(nil)

// Open reads the store kept in file. What cannot be read counts as empty: the store only saves time.
func Open(index *hash.Index, file string) *Store {
	s := &Store{index: index, file: file, known: make(map[hash.Content]gosource.Header), used: make(map[hash.Content]bool)}
	data, err := os.ReadFile(file)
	if err != nil || len(data) < sha256.Size {
		return s
	}
	// The sum comes first, so that damage is no header that says something else.
	sum, body := data[:sha256.Size], data[sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return s
	}
	var known map[hash.Content]gosource.Header
	if gob.NewDecoder(bytes.NewReader(body)).Decode(&known) == nil && known != nil {
		s.known = known
	}
	return s
}

// Load returns the header of the file called name, relative to the root, if its content as it is now is known.
func (s *Store) Load(name string) (gosource.Header, bool) {
	file, err := s.index.File(name)
	if err != nil || !file.Mode.IsRegular() {
		return gosource.Header{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	header, ok := s.known[file.Content]
	s.used[file.Content] = true
	return header, ok
}

// Store keeps the header of a file with this content.
func (s *Store) Store(_ string, content []byte, header gosource.Header) {
	key := hash.Content(sha256.Sum256(content))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[key] = header
	s.used[key] = true
	s.changed = true
}

// Save writes the store, in one step, if anything in it changed.
func (s *Store) Save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.changed {
		return nil
	}
	for key := range s.known {
		if len(s.known) > len(s.used)+slack && !s.used[key] {
			delete(s.known, key)
		}
	}
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(s.known); err != nil {
		return err
	}
	sum := sha256.Sum256(body.Bytes())
	s.changed = false
	return hash.WriteFile(s.file, append(sum[:], body.Bytes()...))
}
