package realtime

import (
	"fmt"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

// Of any number of servers that say how many there are, one word a second goes on, and the last always does.
func TestACrowdIsCountedOnceASecond(t *testing.T) {
	var c crowd
	began := time.Unix(1000, 0)
	var told []string
	var due time.Time // when somebody tells
	for tenth := range 41 {
		now := began.Add(time.Duration(tenth) * 100 * time.Millisecond)
		if tenth <= 15 {
			if wait, ok := c.note(pubsub.PresenceStats{Members: tenth}, now); ok {
				due = now.Add(wait)
			}
		}
		if !due.IsZero() && !now.Before(due) {
			due = time.Time{}
			told = append(told, fmt.Sprint(tenth, ":", c.take(now).Clients))
		}
	}
	if fmt.Sprint(told) != "[0:0 10:10 20:15]" {
		t.Errorf("told %v", told)
	}
}
