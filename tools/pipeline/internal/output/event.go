package output

import (
	"bytes"
	"encoding/json"
)

// An event is something that a run says, for programs.
type event struct {
	// Timestamp is in milliseconds since 1970.
	Timestamp int64 `json:"timestamp"`
	// Source is "module#task", or "magpie" for the run itself.
	Source string `json:"source"`
	Level  level  `json:"level"`
	// Text has no terminal escape sequences.
	Text string `json:"text"`
}

// A level says what kind of event it is.
type level string

// What a run says, and what a task prints: its two streams are one, so that their lines keep their order.
const (
	info    level = "info"
	warn    level = "warn"
	failure level = "error"
	stdout  level = "stdout"
)

func (e *event) complete(now int64) {
	e.Timestamp = now
	if e.Source == "" {
		e.Source = "magpie"
	}
}

// encode writes each event as a line.
func encode(events []event) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, e := range events {
		_ = encoder.Encode(e) // strings and a number
	}
	return b.Bytes()
}
