package cache

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
)

// The file of heads: a heading with the version; then, by task, the task, the key, size and time of the artifact, and
// its head as packHead writes it; last, a seal.
const headsHeading = "magpie heads 3\n"

// maxKept is how large a head may be to be kept: larger ones, with long logs, are read from their artifacts.
const maxKept = 16 << 10

// heads are those of the artifacts that tasks were last answered with. They save opening a file for each task. Safe
// for concurrent use.
type heads struct {
	file string

	mu      sync.Mutex
	kept    map[string]keptHead // by task
	changed bool
}

type keptHead struct {
	key      hash.Key
	artifact seen
	text     string
}

// seen is what tells an artifact from another under the same key.
type seen struct{ size, modified int64 }

func lookAt(artifact string) (seen, error) {
	info, err := os.Lstat(artifact)
	if err != nil {
		return seen{}, err
	}
	return seen{info.Size(), info.ModTime().UnixNano()}, nil
}

// openHeads reads the heads kept in file. What cannot be read counts as empty.
func openHeads(file string) *heads {
	h := &heads{file: file, kept: make(map[string]keptHead)}
	if data, err := os.ReadFile(file); err == nil {
		if kept, ok := decodeHeads(data); ok {
			h.kept = kept
		}
	}
	return h
}

func (h *heads) load(task string, key hash.Key, artifact seen) (head, bool) {
	h.mu.Lock()
	one, ok := h.kept[task]
	h.mu.Unlock()
	if !ok || one.key != key || one.artifact != artifact {
		return head{}, false
	}
	found, err := takeHead(one.text)
	return found, err == nil
}

func (h *heads) store(task string, key hash.Key, artifact seen, one head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := packHead(one)
	if len(text) > maxKept {
		if _, ok := h.kept[task]; ok {
			delete(h.kept, task)
			h.changed = true
		}
		return
	}
	h.kept[task] = keptHead{key, artifact, string(text)}
	h.changed = true
}

// Save keeps what was looked at for the next run. Without it, that opens more files.
func (c *Cache) Save() error {
	h := c.heads
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.changed {
		return nil
	}
	if err := hash.WriteFile(h.file, encodeHeads(h.kept)); err != nil {
		return fmt.Errorf("save heads of the cache: %w", err)
	}
	h.changed = false
	return nil
}

func encodeHeads(kept map[string]keptHead) []byte {
	out := []byte(headsHeading)
	for _, task := range slices.Sorted(maps.Keys(kept)) {
		one := kept[task]
		out = append(packed.AppendString(out, task), one.key[:]...)
		out = binary.AppendVarint(binary.AppendVarint(out, one.artifact.size), one.artifact.modified)
		out = packed.AppendString(out, one.text)
	}
	return packed.Seal(out)
}

func decodeHeads(data []byte) (map[string]keptHead, bool) {
	r, ok := packed.Unseal(headsHeading, data)
	if !ok {
		return nil, false
	}
	kept := make(map[string]keptHead)
	for r.More() {
		task := r.String()
		var one keptHead
		copy(one.key[:], r.Take(uint64(len(one.key))))
		one.artifact = seen{size: r.Int(), modified: r.Int()}
		one.text = r.String()
		kept[task] = one
	}
	return kept, !r.Broken
}
