package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	modelFile  = "model.json"
	eventsFile = "events.jsonl"
)

// Log collects the events of a run and writes them to a folder. It is safe for concurrent use: events are in the order in
// which they were added, and their times never go back.
type Log struct {
	began time.Time

	mu     sync.Mutex
	file   *os.File
	buffer *bufio.Writer
	events []Event
	err    error
}

// Create begins a run in a folder, which is made where it is missing.
func Create(dir string, m Model) (*Log, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("record in %s: %w", dir, err)
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, modelFile), append(data, '\n'), 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("record in %s: %w", dir, err)
	}
	file, err := os.Create(filepath.Join(dir, eventsFile))
	if err != nil {
		return nil, fmt.Errorf("record in %s: %w", dir, err)
	}
	return &Log{began: time.Now(), file: file, buffer: bufio.NewWriter(file)}, nil
}

// Elapsed is the time from the beginning of the run.
func (l *Log) Elapsed() time.Duration { return time.Since(l.began) }

// Add stamps an event and keeps it.
func (l *Log) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.At = time.Since(l.began)
	l.events = append(l.events, e)
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.buffer.Write(append(line, '\n'))
	}
	l.err = errors.Join(l.err, err)
}

// Note adds a remark.
func (l *Log) Note(format string, args ...any) {
	l.Add(Event{Kind: Note, Text: fmt.Sprintf(format, args...)})
}

// Events returns what was added so far.
func (l *Log) Events() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.events)
}

// Close writes what is left, and says whether all could be written.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.err, l.buffer.Flush(), l.file.Close())
}

// Read returns the run that a folder holds.
func Read(dir string) (History, error) {
	var h History
	data, err := os.ReadFile(filepath.Join(dir, modelFile))
	if err == nil {
		err = json.Unmarshal(data, &h.Model)
	}
	if err != nil {
		return h, fmt.Errorf("read the run in %s: %w", dir, err)
	}
	file, err := os.Open(filepath.Join(dir, eventsFile))
	if err != nil {
		return h, fmt.Errorf("read the run in %s: %w", dir, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var e Event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return h, nil
		} else if err != nil {
			return h, fmt.Errorf("read event %d in %s: %w", len(h.Events)+1, dir, err)
		}
		h.Events = append(h.Events, e)
	}
}
