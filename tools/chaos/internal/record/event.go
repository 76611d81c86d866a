// Package record is what happened in a run, as a list of events: what publishers sent and had acknowledged, what viewers
// showed and were told, what history held at the end, and what was done to the servers meanwhile. A run is kept in a folder
// as JSON lines and can be judged again at any time.
//
// All events of a run are stamped by one clock, that of the process which records them.
package record

import (
	"fmt"
	"math"
	"time"
)

// Kind says what an event is.
type Kind string

// The kinds of events, and which fields of an [Event] they use beside At, Kind and Who.
const (
	// Publish is one try of sending a message: Channel, Key.
	Publish Kind = "publish"
	// Ack is the acknowledgement of a message, the first one: Channel, Key, and Epoch and Offset where the server tells.
	Ack Kind = "ack"
	// Fail is a try that was not acknowledged; the message may have been published or not: Channel, Key, Text.
	Fail Kind = "fail"
	// Live is a viewer that follows a channel from a position on, because it just subscribed or was continued without a
	// hole: Channel, Epoch, Offset.
	Live Kind = "live"
	// Show is a message that a viewer showed: Channel, Key, Epoch, Offset.
	Show Kind = "show"
	// Told is a viewer that was told that its view cannot be continued, and goes on from another position: Channel, Epoch,
	// Offset, Text. It follows the channel from then on.
	Told Kind = "told"
	// Away is a viewer that knows that it does not follow a channel for now: Channel, Text.
	Away Kind = "away"
	// Kept is a message that the history held at the end: Channel, Key, Epoch, Offset.
	Kept Kind = "kept"
	// Top is the end of a channel's history at the end of the run, after all Kept: Channel, Epoch, Offset.
	Top Kind = "top"
	// Fault is something that was done to the servers, until the Heal of the same Who: Text, Excuse.
	Fault Kind = "fault"
	// Heal is the end of a fault: Text. It begins with [LeftOut] where the fault could not be inflicted.
	Heal Kind = "heal"
	// Lost is a time in which a Redis, by its own account, accepted what it did not have in the end: Who, Span.
	Lost Kind = "lost"
	// Note is something worth knowing: Text.
	Note Kind = "note"
)

// LeftOut begins the text of a Heal whose fault could not be inflicted; the reason follows.
const LeftOut = "left out: "

// Event is one thing that happened.
type Event struct {
	// At counts from the beginning of the run.
	At   time.Duration `json:"at"`
	Kind Kind          `json:"kind"`
	// Who did it or saw it: a publisher, a viewer, a fault.
	Who     string `json:"who,omitempty"`
	Channel string `json:"channel,omitempty"`
	// Key names a message: the idempotency key that it was published with, every time it was tried.
	Key    string `json:"key,omitempty"`
	Epoch  string `json:"epoch,omitempty"`
	Offset uint64 `json:"offset,omitempty"`
	// Excuse says of a fault that nobody can notice anything while it lasts, such as a server that is stopped.
	Excuse bool `json:"excuse,omitempty"`
	// Span is the time that the event is about, where that is not At.
	Span *Span  `json:"span,omitempty"`
	Text string `json:"text,omitempty"`
}

// Span is a time from the beginning of the run to another, both included.
type Span struct {
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
}

// Forever is the end of what goes on.
const Forever = time.Duration(math.MaxInt64)

// Overlaps reports whether the times have a moment in common.
func (s Span) Overlaps(other Span) bool { return s.From <= other.To && s.To >= other.From }

// String is the time in seconds.
func (s Span) String() string {
	if s.To == Forever {
		return fmt.Sprintf("from %.3fs on", s.From.Seconds())
	}
	return fmt.Sprintf("from %.3fs to %.3fs", s.From.Seconds(), s.To.Seconds())
}

// String is the event as a line for people.
func (e Event) String() string {
	line := fmt.Sprintf("%9.3fs  %-8s", e.At.Seconds(), e.Kind)
	if e.Who != "" {
		line += " " + e.Who
	}
	if e.Channel != "" {
		line += " " + e.Channel
	}
	if e.Key != "" {
		line += " " + e.Key
	}
	if e.Epoch != "" {
		line += fmt.Sprintf(" at %s/%d", e.Epoch, e.Offset)
	}
	if e.Span != nil {
		line += " " + e.Span.String()
	}
	if e.Text != "" {
		line += " (" + e.Text + ")"
	}
	return line
}

// Model is what a run promises beyond the laws themselves, and what it was.
type Model struct {
	// System, Topology, Nemesis and Seed say what was run.
	System   string `json:"system"`
	Topology string `json:"topology"`
	Nemesis  string `json:"nemesis"`
	Seed     uint64 `json:"seed"`
	// Durable says that nothing acknowledged may be lost, whatever was killed. Where it is false, what Redis lost may be missing
	// (see [Lost]). Whoever showed that must be told.
	Durable bool `json:"durable"`
	// Forgets says that history is in a server's memory alone, and lost with it. Whoever followed must be told.
	Forgets bool `json:"forgets,omitempty"`
	// HistorySize is how many messages a channel keeps.
	HistorySize uint64 `json:"history_size"`
	// Notice is within what time a viewer must show a message or know that it does not follow, outside of excused faults.
	Notice time.Duration `json:"notice"`
}

// History is a whole run.
type History struct {
	Model  Model
	Events []Event
}
