package crowd_test

import (
	"fmt"
	"slices"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/crowd"
)

func TestWhatIsUndoneIsNotTold(t *testing.T) {
	many := make([]string, pubsub.MaxGathered+1)
	for i := range many {
		many[i] = fmt.Sprint("+", i)
	}
	for name, test := range map[string]struct {
		moves []string
		told  []string
	}{
		"one of each":          {[]string{"+ada", "-bea"}, []string{"+ada", "-bea"}},
		"came and went":        {[]string{"+ada", "+bea", "-ada"}, []string{"+bea"}},
		"went and came back":   {[]string{"-ada", "+ada"}, nil},
		"came, went and came":  {[]string{"+ada", "-ada", "+ada"}, []string{"+ada"}},
		"as many as are named": {many[1:], many[1:]},
		"one too many":         {many, nil},
		"too many for good":    {append(slices.Clip(many), "-0", "-1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var m crowd.Moves
			for i, move := range test.moves {
				if first := m.Add("room", pubsub.PresenceEvent{Member: pubsub.Member{ID: move[1:]}, Left: move[0] == '-'}); first != (i == 0) {
					t.Errorf("move %d is the first: %v", i, first)
				}
			}
			taken := m.Take()
			var told []string
			for _, event := range taken["room"] {
				sign := map[bool]string{false: "+", true: "-"}[event.Left]
				told = append(told, sign+event.Member.ID)
			}
			if _, ok := taken["room"]; !ok || fmt.Sprint(told) != fmt.Sprint(test.told) {
				t.Errorf("told of %v, want %v", told, test.told)
			}
			if again := m.Take(); len(again) != 0 {
				t.Errorf("told twice: %v", again)
			}
		})
	}
}

func TestWhatCouldNotBeToldIsCountedAgain(t *testing.T) {
	var m crowd.Moves
	m.Again("room")
	if m.Add("room", pubsub.PresenceEvent{Member: pubsub.Member{ID: "ada"}}) {
		t.Error("it is not the first")
	}
	if taken := m.Take(); len(taken) != 1 || len(taken["room"]) != 0 {
		t.Errorf("taken: %v", taken)
	}
}
