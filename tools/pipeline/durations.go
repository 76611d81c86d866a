package pipeline

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"magpie.build/tools/pipeline/internal/hash"
)

// durations is how long tasks took when they last ran, in seconds by id. It decides which of several tasks goes first, so
// that the longest chain is not left for the end. A run in which nothing executes never reads it.
type durations struct {
	file string

	mu   sync.Mutex
	past map[string]float64 // nil as long as it has not been read
}

// openDurations returns what is kept in a file. It is read when the first task runs.
func openDurations(state string) *durations {
	return &durations{file: filepath.Join(state, "durations.json")}
}

// read makes the durations known. A file that is no such thing holds nothing.
func (d *durations) read() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.past != nil {
		return
	}
	data, err := os.ReadFile(d.file)
	if err != nil || json.Unmarshal(data, &d.past) != nil || d.past == nil {
		d.past = make(map[string]float64)
	}
}

// known reports whether anything is known.
func (d *durations) known() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.past) > 0
}

// costs returns what tasks are expected to take. One that has never run is expected to
// take as long as others of its name do.
func (d *durations) costs(nodes []*node) map[string]float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	type sum struct{ seconds, tasks float64 }
	names := make(map[string]sum)
	for _, n := range nodes {
		if seconds, ok := d.past[n.id]; ok {
			s := names[n.Name]
			names[n.Name] = sum{s.seconds + seconds, s.tasks + 1}
		}
	}
	costs := make(map[string]float64, len(nodes))
	for _, n := range nodes {
		seconds, ok := d.past[n.id]
		if s := names[n.Name]; !ok && s.tasks > 0 {
			seconds = s.seconds / s.tasks
		}
		costs[n.id] = seconds
	}
	return costs
}

// save keeps what tasks took in this run, beside what is known of others.
func (d *durations) save(took map[string]float64) error {
	if len(took) == 0 {
		return nil
	}
	d.mu.Lock()
	d.past = nil // another run may have written meanwhile
	d.mu.Unlock()
	d.read()
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.Copy(d.past, took)
	data, err := json.Marshal(d.past)
	if err != nil {
		return err
	}
	if err := hash.WriteFile(d.file, append(data, '\n')); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
