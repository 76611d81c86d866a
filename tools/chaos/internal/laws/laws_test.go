package laws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/laws"
	"magpie.build/tools/chaos/internal/record"
)

// model is what most histories here promise.
var model = record.Model{System: "test", Durable: true, HistorySize: 100, Notice: 5 * time.Second}

// script reads events as they are written below: seconds, kind, who, and then the message or the position, or both.
func script(t *testing.T, text string) []record.Event {
	t.Helper()
	var events []record.Event
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			t.Fatalf("not an event: %q", line)
		}
		at, err := time.ParseDuration(fields[0] + "s")
		if err != nil {
			t.Fatal(err)
		}
		e := record.Event{At: at, Kind: record.Kind(fields[1])}
		if e.Kind != record.Kept && e.Kind != record.Top {
			e.Who, fields = fields[2], fields[1:]
		}
		for _, field := range fields[2:] {
			epoch, offset, position := strings.Cut(field, "/")
			switch {
			case field == "excuse":
				e.Excuse = true
			case e.Kind == record.Lost:
				e.Span = new(record.Span)
				var from, to float64
				if _, err := fmt.Sscanf(field, "%f-%f", &from, &to); err != nil {
					t.Fatal(err)
				}
				e.Span.From, e.Span.To = time.Duration(from*float64(time.Second)), time.Duration(to*float64(time.Second))
			case position:
				e.Epoch = epoch
				if _, err := fmt.Sscan(offset, &e.Offset); err != nil {
					t.Fatal(err)
				}
			default:
				e.Key = field
			}
		}
		if e.Kind != record.Fault && e.Kind != record.Heal && e.Kind != record.Lost && e.Kind != record.Note {
			e.Channel = "room"
		}
		events = append(events, e)
	}
	return events
}

// Each history is written as it would be recorded. An empty sentence means that all laws hold.
func TestLaws(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		lossy    bool // a failover may lose what it tells
		events   string
		law      laws.Law
		sentence string
	}{
		{name: "everything arrives", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 ack     pub a
			1.2 show    ann a E/1
			2   publish pub b
			2.1 show    ann b E/2
			2.2 ack     pub b
			3   kept    a E/1
			3   kept    b E/2
			3   top     E/2`},

		{name: "acknowledged and gone", law: laws.Readable, sentence: "a was acknowledged, and room does not have it at the end", events: `
			1   publish pub a
			1.1 ack     pub a
			3   top     E/0`},
		{name: "not acknowledged and gone", events: `
			1   publish pub a
			2   fail    pub a
			3   top     E/0`},
		{name: "lost by Redis", lossy: true, events: `
			0   live    ann E/0
			1   publish pub a
			1.1 ack     pub a
			1.2 fault   kill
			2   told    ann F/0
			2.1 heal    kill
			3   top     F/0
			3   lost    redis 1-1.5`},
		{name: "lost by Redis between a try and the next, which was acknowledged", lossy: true, events: `
			1   publish pub a
			2   fail    pub a
			3   publish pub a
			3.1 ack     pub a
			4   top     E/0
			4   lost    redis 1.5-2.5`},
		{name: "lost by Redis, which promised to keep it", law: laws.Readable, sentence: "a was acknowledged, and room does not have it at the end", events: `
			1   publish pub a
			1.1 ack     pub a
			3   top     F/0
			3   lost    redis 1-1.5`},
		{
			name: "lost by nobody", lossy: true, law: laws.Readable,
			sentence: "a was acknowledged, room does not have it at the end, and Redis lost nothing then", events: `
			1   publish pub a
			1.1 ack     pub a
			2   fault   kill
			2.1 heal    kill
			3   top     F/0`,
		},
		{
			name: "lost right before Redis lost something", lossy: true, law: laws.Readable,
			sentence: "a was acknowledged, room does not have it at the end, and Redis lost nothing then", events: `
			1   publish pub a
			1.1 ack     pub a
			5   top     F/0
			5   lost    redis 1.2-3`,
		},
		{
			name: "said after Redis lost something", lossy: true, law: laws.Readable,
			sentence: "a was acknowledged, room does not have it at the end, and Redis lost nothing then", events: `
			3.1 publish pub a
			3.2 ack     pub a
			5   top     F/0
			5   lost    redis 1.2-3`,
		},
		{name: "a hole in the history", law: laws.Readable, sentence: "the history of room has 3 after 1", events: `
			1   publish pub a
			1   publish pub c
			3   kept    a E/1
			3   kept    c E/3
			3   top     E/3`},

		{name: "a hole in a view", law: laws.Contiguous, sentence: "ann showed 3 of room after 1 and was not told", events: `
			0   live    ann E/0
			1   publish pub a
			1   publish pub b
			1   publish pub c
			1.1 show    ann a E/1
			1.2 show    ann c E/3`},
		{name: "a hole that was told", events: `
			0   live    ann E/0
			1   publish pub a
			1   publish pub b
			1   publish pub c
			1.1 show    ann a E/1
			1.2 told    ann E/2
			1.2 show    ann c E/3`},
		{name: "continued without a hole", events: `
			0   live    ann E/0
			1   publish pub a
			1   publish pub b
			1.1 show    ann a E/1
			1.2 away    ann
			1.3 live    ann E/1
			1.3 show    ann b E/2`},
		{name: "continued over a hole", law: laws.Contiguous, sentence: "ann goes on at 2 of room after 1 and was not told", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 away    ann
			1.3 live    ann E/2`},
		{name: "continued over a failover that lost nothing", lossy: true, events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 away    ann
			1.3 live    ann F/1
			2   publish pub b
			2.1 show    ann b F/2
			3   kept    a F/1
			3   kept    b F/2
			3   top     F/2`},
		{
			name: "continued over a failover that lost what was shown", lossy: true, law: laws.Contiguous,
			sentence: "ann showed a at 1 of room, where the history has b, and was not told", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 away    ann
			1.2 publish pub b
			1.3 live    ann F/1
			3   kept    b F/1
			3   top     F/1`,
		},
		{name: "another epoch in between", law: laws.Contiguous, sentence: "ann showed epoch F of room after E and was not told", events: `
			0   live    ann E/0
			1   publish pub a
			1.3 show    ann a F/1`},
		{
			name: "a failover that nobody noticed", lossy: true, law: laws.Contiguous,
			sentence: "ann showed a at 1 of room, where the history has b, and was not told", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 publish pub b
			1.3 ack     pub b
			1.3 publish pub c
			1.4 show    ann c E/2
			3   kept    b E/1
			3   kept    c E/2
			3   top     E/2`,
		},
		{name: "an epoch that ended after all was shown", lossy: true, events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 ack     pub a
			3   kept    a F/1
			3   top     F/1`},
		{
			name: "an epoch that ended with another message", lossy: true, law: laws.Contiguous,
			sentence: "ann ended in epoch E of room, which ended in F", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 publish pub b
			3   kept    b F/1
			3   top     F/1`,
		},
		{
			name: "an epoch that ended, and nobody knows with what", lossy: true, law: laws.Contiguous,
			sentence: "ann ended in epoch E of room, which ended in F", events: `
			0   publish pub b
			0   live    ann E/1
			3   kept    b F/1
			3   top     F/1`,
		},
		{name: "an epoch that ended with the message that it was told of", lossy: true, events: `
			0   live    ann E/0
			1   publish pub a
			1.1 ack     pub a
			1.2 show    ann a E/1
			1.3 publish pub b
			1.4 show    ann b E/2
			2   told    ann F/1
			3   kept    a G/1
			3   top     G/1
			3   lost    redis 1.3-2`},
		{
			name: "an epoch that ended with a message after the one that it was told of", lossy: true, law: laws.Contiguous,
			sentence: "ann ended in epoch F of room, which ended in G", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 ack     pub a
			1.2 show    ann a E/1
			2   told    ann F/1
			2.5 publish pub b
			2.6 ack     pub b
			2.7 live    bob G/0
			2.8 show    bob b G/1
			3   kept    b G/1
			3   top     G/1
			3   lost    redis 1-2`,
		},
		{name: "never complete", law: laws.Contiguous, sentence: "ann ended at 0 of room, which ended at 1", events: `
			0   live    ann E/0
			1   publish pub a
			3   kept    a E/1
			3   top     E/1`},
		{name: "never back", law: laws.Contiguous, sentence: "ann did not come back to room before the end", events: `
			0   live    ann E/0
			1   away    ann
			3   top     E/0`},

		{name: "a duplicate", law: laws.Once, sentence: "ann showed 1 of room after 1", events: `
			0   live    ann E/0
			1   publish pub a
			1.1 show    ann a E/1
			1.2 show    ann a E/1`},
		{name: "out of order", law: laws.Once, sentence: "ann showed 1 of room after 2", events: `
			1   publish pub a
			1   publish pub b
			1.1 show    ann b E/2
			1.2 show    ann a E/1`},
		{name: "a retry that is a second message", law: laws.Once, sentence: "the history of room has a at 1 and at 2", events: `
			1   publish pub a
			2   publish pub a
			2.1 ack     pub a
			3   kept    a E/1
			3   kept    a E/2
			3   top     E/2`},
		{name: "a retry that is shown twice", law: laws.Once, sentence: "ann showed a of room at 1 and at 2", events: `
			1   publish pub a
			1.1 show    ann a E/1
			2   publish pub a
			2.1 ack     pub a
			2.2 show    ann a E/2`},
		{name: "published again after a failover lost it", lossy: true, events: `
			1   publish pub a
			1.1 show    ann a E/1
			1.2 told    ann F/0
			2   publish pub a
			2.1 ack     pub a
			2.2 show    ann a F/1
			3   kept    a F/1
			3   top     F/1`},
		{name: "later is earlier", law: laws.Once, sentence: "b was published after a was acknowledged, and room has it before", events: `
			1   publish pub a
			1.1 ack     pub a
			1.2 publish pub b
			3   kept    b E/1
			3   kept    a E/2
			3   top     E/2`},
		{name: "at the same time is any order", events: `
			1   publish pub a
			1.1 publish pub b
			1.2 ack     pub a
			1.3 ack     pub b
			3   kept    b E/1
			3   kept    a E/2
			3   top     E/2`},

		{name: "not acknowledged and there once", events: `
			1   publish pub a
			2   fail    pub a
			3   kept    a E/1
			3   top     E/1`},
		{name: "not acknowledged and there twice", law: laws.AtMostOnce, sentence: "the history of room has a at 1 and at 2", events: `
			1   publish pub a
			2   fail    pub a
			3   kept    a E/1
			3   kept    a E/2
			3   top     E/2`},
		{name: "from nowhere", law: laws.AtMostOnce, sentence: `ann has "a" in room, which nobody published`, events: `
			1   show    ann a E/1`},

		{name: "late", law: laws.Noticed, sentence: "ann showed a of room 6s after it was acknowledged", events: `
			0   live    ann E/0
			1   publish pub a
			1   ack     pub a
			7   show    ann a E/1`},
		{name: "never, and unaware", law: laws.Noticed, sentence: "ann did not show a of room and knew of nothing for 6s", events: `
			0   live    ann E/0
			1   publish pub a
			1   ack     pub a
			7   note    end`},
		{name: "never, and aware in time", events: `
			0   live    ann E/0
			1   publish pub a
			1   ack     pub a
			5   away    ann
			70  note    end`},
		{name: "late behind a server that was stopped", events: `
			0   live    ann E/0
			1   publish pub a
			1   ack     pub a
			2   fault   stop excuse
			9   heal    stop
			13  show    ann a E/1`},
		{name: "late long after the server went on", law: laws.Noticed, sentence: "ann showed a of room 14s after it was acknowledged", events: `
			0   live    ann E/0
			1   publish pub a
			1   ack     pub a
			2   fault   stop excuse
			9   heal    stop
			15  show    ann a E/1`},
		{name: "late behind a fault without excuse", law: laws.Noticed, sentence: "ann showed a of room 8s after it was acknowledged", events: `
			0   live    ann E/0
			1   publish pub a
			1   ack     pub a
			1   fault   mute
			8   heal    mute
			9   show    ann a E/1`},
		{
			name: "shown what was then taken back", lossy: true, law: laws.Noticed,
			sentence: "ann showed a at 1 of room, where bob then showed b, and knew of nothing for 7s", events: `
			0   live    ann E/0
			0   live    bob E/0
			1   publish pub a
			1.1 show    ann a E/1
			2   publish pub b
			2   show    bob b E/1
			9   told    ann F/1`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := record.History{Model: model, Events: script(t, c.events)}
			h.Model.Durable = !c.lossy
			v := laws.Check(h)
			if c.sentence == "" {
				if !v.Good() {
					t.Fatal(v.Report(h))
				}
				return
			}
			if len(v.Violations) != 1 {
				t.Fatalf("want one violation, got:\n%s", v.Report(h))
			}
			got := v.Smallest()
			if got.Law != c.law || got.Sentence != c.sentence {
				t.Errorf("law %d: %s\nwant law %d: %s", got.Law, got.Sentence, c.law, c.sentence)
			}
			failsByItself(t, h.Model, got)
		})
	}
}

// failsByItself holds that the smallest failing history fails, and that nothing less does.
func failsByItself(t *testing.T, m record.Model, v laws.Violation) {
	t.Helper()
	fails := func(events []record.Event) bool {
		for _, other := range laws.Check(record.History{Model: m, Events: events}).Violations {
			if other.Law == v.Law && other.Sentence == v.Sentence {
				return true
			}
		}
		return false
	}
	if !fails(v.Evidence) {
		t.Errorf("the evidence breaks nothing: %v", v.Evidence)
	}
	for i := range v.Evidence {
		if less := append(append([]record.Event(nil), v.Evidence[:i]...), v.Evidence[i+1:]...); fails(less) {
			t.Errorf("it fails without %v, too", v.Evidence[i])
		}
	}
}

func TestReportNamesFaultsNearby(t *testing.T) {
	t.Parallel()
	h := record.History{Model: model, Events: script(t, `
		1   fault   mute
		2   live    ann E/0
		3   publish pub a
		3   publish pub b
		3   show    ann b E/2`)}
	got := laws.Check(h).Report(h)
	for _, want := range []string{"law 2, contiguous or told", "ann showed 2 of room after 0", "fault    mute"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestVerdictSaysWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	events := script(t, `
			1   fault   jump
			1   heal    jump
			2   fault   kill
			3   heal    kill`)
	events[1].Text = record.LeftOut + "there is no clock"
	got := laws.Check(record.History{Model: model, Events: events}).String()
	if want := "1 faults, 1 left out: there is no clock)"; !strings.HasSuffix(got, want) {
		t.Errorf("the verdict is %q, which should end in %q", got, want)
	}
}
