package laws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

// run is a history, sorted for being judged.
type run struct {
	record.History
	channels []*channel
	excuses  []record.Span
	losses   []record.Span // of Redis
	end      int           // the last event
	found    []Violation
}

// channel is what happened in one channel. All numbers are places in the history's events.
type channel struct {
	name     string
	messages map[string]*message
	order    []string // the keys, as they were first seen
	kept     []int
	byOffset map[uint64]int // of kept
	keys     map[string]int // of kept
	top      int            // none below 0
	viewers  map[string][]int
	names    []string // the viewers
}

// message is what happened to one message; none below 0.
type message struct {
	published, acked int
}

func newRun(h record.History) *run {
	r := &run{History: h, end: len(h.Events) - 1}
	byName := make(map[string]*channel)
	for i, e := range h.Events {
		if e.Kind == record.Lost && e.Span != nil {
			r.losses = append(r.losses, *e.Span)
		}
		if e.Channel == "" {
			continue
		}
		ch := byName[e.Channel]
		if ch == nil {
			ch = &channel{
				name: e.Channel, top: -1,
				messages: make(map[string]*message), byOffset: make(map[uint64]int), keys: make(map[string]int),
				viewers: make(map[string][]int),
			}
			byName[e.Channel] = ch
			r.channels = append(r.channels, ch)
		}
		ch.add(i, e)
	}
	r.excuses = excuses(h.Events)
	return r
}

func (ch *channel) add(i int, e record.Event) {
	switch e.Kind {
	case record.Publish:
		if m := ch.message(e.Key); m.published < 0 {
			m.published = i
		}
	case record.Ack:
		if m := ch.message(e.Key); m.acked < 0 {
			m.acked = i
		}
	case record.Kept:
		ch.kept = append(ch.kept, i)
		ch.byOffset[e.Offset] = i
		if _, ok := ch.keys[e.Key]; !ok {
			ch.keys[e.Key] = i
		}
	case record.Top:
		ch.top = i
	case record.Live, record.Show, record.Told, record.Away:
		if _, ok := ch.viewers[e.Who]; !ok {
			ch.names = append(ch.names, e.Who)
		}
		ch.viewers[e.Who] = append(ch.viewers[e.Who], i)
	case record.Fail, record.Fault, record.Heal, record.Lost, record.Note:
	}
}

func (ch *channel) message(key string) *message {
	m := ch.messages[key]
	if m == nil {
		m = &message{published: -1, acked: -1}
		ch.messages[key] = m
		ch.order = append(ch.order, key)
	}
	return m
}

// excuses are the times of faults that excuse, in order.
func excuses(events []record.Event) []record.Span {
	var all []record.Span
	open := make(map[string]int)
	for _, e := range events {
		switch {
		case e.Kind == record.Fault && e.Excuse:
			open[e.Who] = len(all)
			all = append(all, record.Span{From: e.At, To: record.Forever})
		case e.Kind == record.Heal:
			if i, ok := open[e.Who]; ok {
				all[i].To = e.At
				delete(open, e.Who)
			}
		}
	}
	slices.SortFunc(all, func(a, b record.Span) int { return cmp.Compare(a.From, b.From) })
	return all
}

// due is when what happened at a time must have been noticed: after [record.Model.Notice] without an excuse.
func (r *run) due(at time.Duration) time.Duration {
	due := at + r.Model.Notice
	for _, excuse := range r.excuses {
		if excuse.Overlaps(record.Span{From: at, To: due}) {
			if excuse.To > record.Forever-r.Model.Notice {
				return record.Forever
			}
			due = max(due, excuse.To+r.Model.Notice)
		}
	}
	return due
}

// breaks notes a violation. The evidence is given as places in the history; those below 0 are left out.
func (r *run) breaks(law Law, evidence []int, format string, args ...any) {
	slices.Sort(evidence)
	v := Violation{Law: law, Sentence: fmt.Sprintf(format, args...)}
	for _, i := range slices.Compact(evidence) {
		if i >= 0 {
			v.Evidence = append(v.Evidence, r.Events[i])
		}
	}
	r.found = append(r.found, v)
}

// about are the places of what is known of a message, as evidence.
func (ch *channel) about(key string) []int {
	m := ch.message(key)
	return []int{m.published, m.acked}
}

func (r *run) count() Verdict {
	v := Verdict{Model: r.Model}
	for _, ch := range r.channels {
		for _, m := range ch.messages {
			if m.published >= 0 {
				v.Published++
			}
			if m.acked >= 0 {
				v.Acknowledged++
			}
		}
	}
	for _, e := range r.Events {
		switch e.Kind {
		case record.Show:
			v.Shown++
		case record.Told:
			v.Resets++
		case record.Fault:
			v.Faults++
		case record.Heal:
			if reason, ok := strings.CutPrefix(e.Text, record.LeftOut); ok {
				v.Faults--
				v.LeftOut++
				v.Reason = cmp.Or(v.Reason, reason)
			}
		case record.Publish, record.Ack, record.Fail, record.Live, record.Away, record.Kept, record.Top, record.Lost, record.Note:
		}
	}
	return v
}
